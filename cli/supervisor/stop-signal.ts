/** Ctrl-C, SIGTERM or the end of the npm that started us as an AbortSignal; a second Ctrl-C does not cut the stopping short. */
import { watchLauncher } from './launcher.ts';

export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => controller.abort());
  watchLauncher(() => controller.abort());
  return controller.signal;
}

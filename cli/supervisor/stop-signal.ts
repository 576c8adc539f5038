/** Ctrl-C or SIGTERM as an AbortSignal; a second Ctrl-C does not cut the stopping short. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => controller.abort());
  return controller.signal;
}

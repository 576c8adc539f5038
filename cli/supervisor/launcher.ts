/** The npm that started us (`npm start`, `npx commonworks ...`): it passes no SIGTERM on, so whoever stops it would leave us running. */
import { readFileSync } from 'node:fs';

const LOOK_MS = 500;
/** npm runs a shell that runs us. */
const GENERATIONS = 3;

/** Calls `gone` once when npm, or the shell between npm and this process, has ended; keeps nothing alive. */
export function watchLauncher(gone: () => void): void {
  const launchers = process.env['npm_command'] === undefined ? [] : ancestorsToNpm();
  if (launchers.length === 0) return;
  const timer = setInterval(() => {
    if (process.ppid === launchers[0] && launchers.every(isAlive)) return;
    clearInterval(timer);
    gone();
  }, LOOK_MS);
  timer.unref();
}

/** The process ids from our parent up to npm; none when npm is not among them, or on a system without /proc. */
function ancestorsToNpm(): number[] {
  const ids: number[] = [];
  let id = process.ppid;
  try {
    for (let n = 0; n < GENERATIONS && id > 1; n++) {
      ids.push(id);
      // npm names itself after its work: "npm exec commonworks run".
      if (readFileSync(`/proc/${id}/cmdline`, 'utf8').startsWith('npm ')) return ids;
      id = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0);
    }
  } catch {
    // It ended while we looked, or there is no /proc: then nobody is watched.
  }
  return [];
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

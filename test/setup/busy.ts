/** A busy neighbour: processes that compute without end. `node test/setup/busy.ts 8 npm test` runs a command beside eight of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type Neighbours = Disposable & { readonly count: number };

/** However a run ends, its neighbours do not stay. */
const LIFETIME_S = 3600;
/** Looks for its parent every few hundred milliseconds of computing, and ends with it. */
const COMPUTE = 'while kill -0 "$1" 2>/dev/null; do i=0; while [ "$i" -lt 300000 ]; do i=$((i+1)); done; done';

/** `count` processes, each of which would take a whole core: the machine's load rises by as much. */
export function startNeighbours(count: number): Neighbours {
  const args = [`${LIFETIME_S}`, 'sh', '-c', COMPUTE, 'busy', `${process.pid}`];
  const children = Array.from({ length: count }, () => spawn('timeout', args, { stdio: 'ignore' }));
  return {
    count,
    [Symbol.dispose]: () => {
      for (const child of children) child.kill('SIGTERM');
    },
  };
}

if (import.meta.main) {
  const [count, command, ...args] = process.argv.slice(2);
  if (!(Number(count) >= 1) || command === undefined) {
    throw new Error('usage: node test/setup/busy.ts COUNT COMMAND [ARGUMENTS]');
  }
  using _neighbours = startNeighbours(Number(count));
  const child = spawn(command, args, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

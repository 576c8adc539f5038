/** What a person at the terminal sees of the processes: their events while they run, and that they have ended. */
import type { ProcessEvents } from './child-process.ts';
import { eventLine } from './event-lines.ts';

export type EventPrinter = { readonly events: ProcessEvents; readonly stopped: () => void };

/** `isJson`: the processes' own lines and nothing else. That parts lose each other while they stop is no news. */
export function printEvents(options: { isJson: boolean; signal: AbortSignal }): EventPrinter {
  const { isJson, signal } = options;
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  signal.addEventListener('abort', () => !isJson && print('Stopping ...'), { once: true });
  return {
    events: {
      line: (line) => {
        const text = isJson ? line.text : eventLine(line, { isStopping: signal.aborted });
        if (text !== null) print(text);
      },
      restarting: (name, reason, pauseMs) => print(`[${name}] stopped (${reason}); starting again in ${pauseMs} ms`),
    },
    stopped: () => !isJson && print('Stopped.'),
  };
}

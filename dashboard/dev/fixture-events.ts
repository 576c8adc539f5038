/** The live line of the fixture: flow and clock every second, commands as they go on. */
import type { ServerResponse } from 'node:http';
import { LIVE_EVENTS, type LiveEventName } from '@commonworks/core/api/index.ts';
import type { Answers } from './fixture-answers.ts';
import type { Login } from './fixture-people.ts';
import { conform } from './fixture-server.ts';

export type StreamOptions = { readonly login: Login; readonly answers: Answers; readonly signal: AbortSignal };

const PERIOD_MS = 1_000;

export function streamEvents(response: ServerResponse, { login, answers, signal }: StreamOptions): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const say = (name: LiveEventName, data: unknown) => {
    conform(LIVE_EVENTS[name], data);
    response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const tell = () => {
    const { flow, clock, mine } = answers.events(login);
    say('clock', clock);
    say('flow', flow);
    say('mine', mine);
    const command = answers.stepCommand();
    if (command !== undefined) say('command', command);
  };
  tell();
  const timer = setInterval(tell, PERIOD_MS);
  const stop = () => {
    clearInterval(timer);
    response.end();
  };
  response.on('close', () => clearInterval(timer));
  signal.addEventListener('abort', stop, { once: true });
}

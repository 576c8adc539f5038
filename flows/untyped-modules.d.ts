/** The parts of Node-RED and Express that are used here; neither package brings types. */
declare module 'node-red' {
  import type { Server } from 'node:http';

  type Handler = (request: unknown, response: unknown, next: () => void) => void;
  const RED: {
    init(server: Server, settings: object): void;
    start(): Promise<void>;
    stop(): Promise<void>;
    readonly httpAdmin: Handler;
    readonly runtime: { readonly events: { once(event: 'flows:started', listener: () => void): void } };
  };
  export default RED;
}

declare module 'express' {
  import type { RequestListener } from 'node:http';

  type Response = { redirect(path: string): void; json(body: unknown): void };
  type Application = RequestListener & {
    use(path: string, handler: unknown): void;
    get(path: string, handler: (request: unknown, response: Response) => void): void;
    disable(setting: string): void;
  };
  export default function express(): Application;
}

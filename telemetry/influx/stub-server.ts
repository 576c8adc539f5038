/** A stand-in for InfluxDB 1.x, 2.x and 3, for tests: both write paths, and the faults of a network. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import type { StubAnswer, StubDialect, StubFault, StubLine } from './stub-answers.ts';
import { parseLine, refuse } from './stub-answers.ts';

export type StubServer = {
  readonly url: string;
  /** Stored points: `measurement,tags time` to fields; a later write of a point adds to its fields. */
  readonly stored: Map<string, string>;
  readonly requests: { readonly url: string; readonly authorization: string; readonly lines: number }[];
  /** Answers given before the normal ones, first to last; `serve` is a normal one. */
  readonly script: (StubAnswer | 'hang-up' | 'serve')[];
  [Symbol.asyncDispose](): Promise<void>;
};

export type StubOptions = {
  readonly dialect?: StubDialect;
  readonly token?: string;
  readonly linesMax?: number;
  readonly faultOf?: (line: StubLine) => StubFault | null;
};

export async function startStub(options: StubOptions = {}): Promise<StubServer> {
  const stored: StubServer['stored'] = new Map();
  const requests: StubServer['requests'] = [];
  const script: StubServer['script'] = [];
  const server = createServer((request, response) => {
    const isZipped = request.headers['content-encoding'] === 'gzip';
    void text(isZipped ? request.pipe(createGunzip()) : request).then((body) => {
      const lines = body.split('\n').filter((line) => line !== '');
      const authorization = request.headers.authorization ?? '';
      requests.push({ url: request.url ?? '', authorization, lines: lines.length });
      const scripted = script.shift() ?? 'serve';
      const answer = scripted === 'serve' ? writeLines({ lines, authorization, stored }, options) : scripted;
      if (answer === 'hang-up') return request.socket.destroy();
      const retry = answer.retryAfterS === undefined ? {} : { 'retry-after': String(answer.retryAfterS) };
      response.writeHead(answer.status, { 'content-type': 'application/json', ...retry });
      response.end(answer.status === 204 ? '' : (answer.message ?? '{"code":"stub","message":"as told"}'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stored,
    requests,
    script,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function writeLines(
  { lines, authorization, stored }: { lines: string[]; authorization: string; stored: Map<string, string> },
  { dialect = '2', token, linesMax = Number.POSITIVE_INFINITY, faultOf = () => null }: StubOptions,
): StubAnswer {
  if (token !== undefined && authorization !== `Token ${token}`) return { status: 401 };
  if (lines.length > linesMax) return { status: 413 };
  const parsed = lines.map(parseLine);
  const refusal = refuse(parsed, dialect, faultOf);
  if (refusal?.isStored ?? true)
    storeLines(
      parsed.filter((line) => faultOf(line) === null),
      stored,
    );
  return refusal?.answer ?? { status: 204 };
}

/** https://docs.influxdata.com/influxdb/v2/write-data/best-practices/duplicate-points/: the union of the fields, the newest value of each. */
export function storeLines(lines: readonly StubLine[], stored: Map<string, string>): void {
  for (const { key, fields } of lines) {
    const old = stored.get(key);
    const all = new Map([...(old === undefined ? [] : parseLine(`x ${old} 0`).fields), ...fields]);
    stored.set(
      key,
      [...all]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map((pair) => pair.join('='))
        .join(),
    );
  }
}

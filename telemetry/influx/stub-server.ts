/** A stand-in for InfluxDB 2.x and 3, for tests: /api/v2/write with the answers their documentation describes. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';

/**
 * How rejected lines are told: 2.x answers 422 and keeps the good ones, 3 answers 400 and keeps them; `all-or-nothing`
 * is 2.x with a malformed line: 400, and nothing is kept.
 * https://docs.influxdata.com/influxdb/v2/write-data/troubleshoot/
 * https://docs.influxdata.com/influxdb3/core/write-data/troubleshoot/
 */
export type StubDialect = '2' | '3' | 'all-or-nothing';

export type StubAnswer = { readonly status: number; readonly retryAfterS?: number; readonly message?: string };

export type StubServer = {
  readonly url: string;
  /** Stored lines: `measurement,tags time` to fields, as the last write left them. */
  readonly stored: Map<string, string>;
  readonly requests: { readonly url: string; readonly authorization: string; readonly lines: number }[];
  /** Answers given before the normal ones, first to last. */
  readonly script: (StubAnswer | 'hang-up')[];
  [Symbol.asyncDispose](): Promise<void>;
};

export type StubOptions = {
  readonly dialect?: StubDialect;
  readonly token?: string;
  readonly linesMax?: number;
  /** Lines a real server would reject: a field type conflict, a point outside of the retention period. */
  readonly isPoison?: (line: string) => boolean;
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
      const answer = script.shift() ?? writeLines({ lines, authorization, stored }, options);
      if (answer === 'hang-up') return request.socket.destroy();
      const retry = answer.retryAfterS === undefined ? {} : { 'retry-after': String(answer.retryAfterS) };
      response.writeHead(answer.status, { 'content-type': 'application/json', ...retry });
      response.end(answer.status === 204 ? '' : JSON.stringify({ code: 'stub', message: answer.message ?? 'as told' }));
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
  { dialect = '2', token, linesMax = Number.POSITIVE_INFINITY, isPoison = () => false }: StubOptions,
): StubAnswer {
  if (token !== undefined && authorization !== `Token ${token}`) return { status: 401, message: 'unauthorized access' };
  if (lines.length > linesMax) return { status: 413, message: 'request entity too large' };
  const bad = lines.filter(isPoison);
  if (bad.length === 0 || dialect !== 'all-or-nothing') {
    for (const line of lines) {
      const [series = '', fields = '', time = ''] = line.split(/(?<!\\) /);
      if (!isPoison(line)) stored.set(`${series} ${time}`, fields);
    }
  }
  if (bad.length === 0) return { status: 204 };
  return { status: dialect === '2' ? 422 : 400, message: `partial write: ${bad.length} rejected` };
}

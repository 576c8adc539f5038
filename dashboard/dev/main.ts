/** `node dashboard/dev/main.ts [PORT] [SPEED]`: the web app with the fixture community, to look at. */
import { FIXTURE_PASSWORD, LOGINS } from './fixture-people.ts';
import { startFixtureServer } from './fixture-server.ts';

const server = await startFixtureServer({ port: Number(process.argv[2] ?? 0), speed: Number(process.argv[3] ?? 60) });
process.stdout.write(
  `${server.url}  log-ins ${LOGINS.map(({ email }) => email).join(' ')}, password ${FIXTURE_PASSWORD}\n`,
);
process.once('SIGINT', () => void server[Symbol.asyncDispose]());
process.once('SIGTERM', () => void server[Symbol.asyncDispose]());

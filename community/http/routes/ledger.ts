/** The ledger as a bundle that anybody can check with `commonworks verify`. */
import { Readable } from 'node:stream';
import { exportBundle } from '../../ledger/export-bundle.ts';
import { roles } from '../access.ts';
import type { Routes } from '../app.ts';

export const ledgerRoutes: Routes = (server, app) => {
  server.get(
    '/ledger/export',
    {
      config: { access: roles('treasurer', 'admin') },
      schema: {
        tags: ['accounts'],
        summary: 'The whole ledger with its chain, a JSON line each, for `commonworks verify`',
        produces: ['application/x-ndjson'],
      },
    },
    async (_request, reply) => {
      reply.header('content-disposition', 'attachment; filename="ledger.jsonl"');
      const lines = exportBundle(app.db, app.site.id);
      return reply.type('application/x-ndjson').send(Readable.from(withLineEnds(lines)));
    },
  );
};

async function* withLineEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield line.endsWith('\n') ? line : `${line}\n`;
}

/** What must always hold of the site, and whether it did when it was last looked at. */
import { AuditState } from '@commonworks/core/audit/index.ts';
import { roles } from '../http/access.ts';
import type { Routes } from '../http/app.ts';

export const auditRoutes: Routes = (server, app) => {
  server.get(
    '/audit',
    {
      config: { access: roles('operator', 'admin') },
      schema: {
        tags: ['operations'],
        summary: 'What must always hold of the stored data: each with its verdict, when it was looked at, and how much',
        response: { 200: AuditState },
      },
    },
    () => app.audit.state(),
  );
};

/** The newest backup of the site, as the command that made it told. */
import { BackupState } from '@commonworks/core/api/index.ts';
import { backupState } from '../../backup/newest-backup.ts';
import { roles } from '../access.ts';
import type { Routes } from '../app.ts';

export const backupRoutes: Routes = (server, app) => {
  const { dataDir, isDemo, site, hub } = app;
  server.get(
    '/backup',
    {
      config: { access: roles('operator', 'admin') },
      schema: {
        tags: ['operations'],
        summary: "The site's newest backup: when, how large, into which folder; and whether the next one is due",
        response: { 200: BackupState },
      },
    },
    () => backupState({ dataDir, isDemo, community: site.id }, hub.now()),
  );
};

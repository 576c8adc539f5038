/** Settlements, the ledger and tariffs: what treasurers do. */

import { CodedError } from '@commonworks/core';
import {
  LedgerHead,
  Settlement,
  SettlementRequest,
  ShareCount,
  ShareIssue,
  TariffRecord,
  TariffRequest,
} from '@commonworks/core/api/index.ts';
import { Type } from 'typebox';
import { ledgerHead } from '../../ledger/post-entry.ts';
import { newId } from '../../new-id.ts';
import { COMMUNITY_HOLDER, holdingsAt, ISSUE_HOLDER, sharesIssued, transferShares } from '../../register/holdings.ts';
import { addTariff, listTariffs } from '../../register/tariffs.ts';
import { listSettlements } from '../../settlement/runs.ts';
import { isDuplicate } from '../../sqlite-constraint.ts';
import { LOGGED_IN, people, principalOf, roles } from '../access.ts';
import { type App, nowMs, type Routes } from '../app.ts';
import { accepted } from '../problem.ts';
import { checkReason } from './parameters.ts';

export const accountRoutes: Routes = (server, app) => {
  const tags = ['accounts'];
  server.get(
    '/settlements',
    {
      config: { access: roles('treasurer', 'admin') },
      schema: { tags, summary: 'Settlement runs, newest month first', response: { 200: Type.Array(Settlement) } },
    },
    () => listSettlements(app.db),
  );
  server.post(
    '/settlements',
    {
      config: { access: roles('treasurer') },
      schema: {
        tags,
        summary: 'Settle a month; again only when late data changed it, as a new version',
        body: SettlementRequest,
        response: { 201: Settlement },
      },
    },
    async (request, reply) => {
      const { month, missing = 'refuse', reason } = request.body;
      if (missing === 'exclude' && reason === undefined) {
        throw new CodedError('http.request-invalid', 'leaving gaps as they are needs a reason');
      }
      const decision =
        reason === undefined ? undefined : { author: principalOf(request).user, reason: checkReason(reason) };
      return reply.code(201).send(accepted(await app.askAboutMonth({ ask: 'settle', month, missing, decision })));
    },
  );
  server.get(
    '/ledger/head',
    {
      config: { access: LOGGED_IN },
      schema: { tags, summary: 'The newest entry: the anchor of a check', response: { 200: LedgerHead } },
    },
    async () => {
      const { position, hash } = await ledgerHead(app.db);
      return { seq: position, hash };
    },
  );
  shareRoutes(server, app);
  server.get(
    '/tariffs',
    {
      config: { access: LOGGED_IN },
      schema: { tags, summary: 'Tariffs and sharing rules by date', response: { 200: Type.Array(TariffRecord) } },
    },
    () => listTariffs(app.db),
  );
  server.post(
    '/tariffs',
    {
      config: { access: people('treasurer') },
      schema: { tags, summary: 'A tariff from a date on', body: TariffRequest, response: { 201: TariffRecord } },
    },
    async (request, reply) => {
      const tariff = { id: newId(nowMs(app)), ...request.body };
      // The first one may begin in the past: nothing has a price yet that it could change.
      if (tariff.fromMs < nowMs(app) && (await listTariffs(app.db)).length > 0) {
        throw new CodedError(
          'http.request-invalid',
          'a tariff begins in the future: what was consumed keeps its price',
        );
      }
      try {
        const added = await addTariff(app.db, app.site.id, tariff);
        app.live.forget();
        return reply.code(201).send(added);
      } catch (error) {
        if (isDuplicate(error)) throw new CodedError('http.request-invalid', 'a tariff begins at that time already');
        throw error;
      }
    },
  );
};

const shareRoutes: Routes = (server, app) => {
  const tags = ['accounts'];
  server.get(
    '/shares',
    {
      config: { access: LOGGED_IN },
      schema: { tags, summary: 'How many shares there are, and how many are unsold', response: { 200: ShareCount } },
    },
    () => countShares(app),
  );
  server.post(
    '/shares',
    {
      config: { access: people('treasurer', 'admin') },
      schema: {
        tags,
        summary: 'Issue shares, for members to subscribe',
        body: ShareIssue,
        response: { 201: ShareCount },
      },
    },
    async (request, reply) => {
      const { shares } = request.body;
      const reason = checkReason(request.body.reason);
      const issue = { community: app.site.id, from: ISSUE_HOLDER, to: COMMUNITY_HOLDER, atMs: nowMs(app) };
      await app.db
        .transaction()
        .execute(async (tx) => void accepted(await transferShares(tx, { ...issue, shares, reason })));
      app.live.forget();
      return reply.code(201).send(await countShares(app));
    },
  );
};

export async function countShares(app: App): Promise<{ issued: number; unsold: number }> {
  const holdings = await holdingsAt(app.db, nowMs(app));
  return { issued: sharesIssued(holdings), unsold: holdings.get(COMMUNITY_HOLDER) ?? 0 };
}

/** The committed provisioning files are what the code generates, and have the shape Grafana loads. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GROUPS } from './groups.ts';
import { DATASOURCE } from './influxql.ts';
import { grafanaDashboards, provisioningFiles } from './provisioning-files.ts';

const FOLDER = join(import.meta.dirname, 'provisioning');

it('the committed files are the generated ones, none missing and none left over', () => {
  const committed = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name));
  const generated = provisioningFiles();
  expect(committed.sort()).toEqual([...generated.keys()].map((path) => join(FOLDER, path)).sort());
  for (const [path, content] of generated) expect(readFileSync(join(FOLDER, path), 'utf8'), path).toBe(content);
});

describe.each(grafanaDashboards().map((dashboard) => [dashboard.title ?? '', dashboard] as const))(
  '%s',
  (_, dashboard) => {
    const panels = (dashboard.panels ?? []).filter((panel) => panel.type !== 'row');

    it('has a title, a data source, an explanation where it has one to give, and queries with distinct letters', () => {
      expect(panels.length).toBeGreaterThan(3);
      for (const panel of panels) {
        expect(panel.title).toBeTruthy();
        if (!('targets' in panel)) throw new Error('a panel without targets');
        expect(panel.datasource).toEqual(DATASOURCE);
        const letters = (panel.targets ?? []).map((target) => ('refId' in target ? target.refId : null));
        expect(letters.length).toBeGreaterThan(0);
        expect(new Set(letters).size).toBe(letters.length);
      }
    });

    it('lays its panels out within 24 columns, none over another', () => {
      const taken = new Set<string>();
      for (const { gridPos } of panels) {
        if (gridPos === undefined) throw new Error('a panel without a place');
        expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(taken.has(`${x},${y}`)).toBe(false);
            taken.add(`${x},${y}`);
          }
        }
      }
    });

    it('puts no variable inside a regular expression but the anchored choice of devices', () => {
      const text = JSON.stringify(dashboard).replaceAll('/^$device$/', '');
      expect(text).not.toMatch(/\/[^/" ]*\$[a-z]+[^/" ]*\//);
    });
  },
);

it('a device belongs to one group at most', () => {
  for (const name of ['pv-1', 'bat-1', 'grid-1', 'home-1', 'home-9', 'laser-1', 'cnc-1-meter', 'roof-sensor']) {
    expect(GROUPS.filter((group) => new RegExp(group.devices).test(name)).length).toBeLessThanOrEqual(1);
  }
});

import { describe, expect, it } from 'vitest';
import { parseSiteConfig } from './site-config.ts';

const good = {
  community: { id: 'c', name: 'Sonnenhof', zone: 'Europe/Vienna', currency: 'EUR', locale: 'en' },
  listen: { host: '127.0.0.1', webPort: 1, mqttPort: 2, mqttWsPort: 3, logPort: 4 },
};

describe('site.yaml', () => {
  it('is taken as it is when valid', () => expect(parseSiteConfig(good)).toEqual(good));

  it('reports all faults together, each with its place', () => {
    const bad = {
      community: { ...good.community, currency: 'euro' },
      listen: { ...good.listen, webPort: 70_000 },
      extra: 1,
    };
    expect(() => parseSiteConfig(bad)).toThrow(
      expect.objectContaining({
        code: 'site.config-invalid',
        message: expect.stringMatching(/\/community\/currency.*\/listen\/webPort/s),
      }),
    );
  });
  it.each([
    ['Europe/Viena', 'did you mean Europe/Vienna?'],
    ['Europ/Vienna', 'did you mean Europe/Vienna?'],
    ['Europe/Kyv', 'did you mean Europe/'],
    ['Mars/Olympus', 'is not a time zone'],
    ['', 'is not a time zone'],
    ['+01:00', 'is not a time zone'],
  ])('refuses the zone %j and says what was probably meant', (zone, words) => {
    const value = { ...good, community: { ...good.community, zone } };
    expect(() => parseSiteConfig(value)).toThrow(
      expect.objectContaining({
        code: 'site.config-invalid',
        message: expect.stringContaining(words),
      }),
    );
  });

  it.each([
    ...['Europe/Kyiv', 'Europe/Kiev', 'Asia/Kolkata', 'Asia/Calcutta', 'America/Argentina/Buenos_Aires', 'UTC'],
    ...['America/Buenos_Aires', 'Atlantic/Faroe', 'Atlantic/Faeroe', 'Asia/Kathmandu', 'Asia/Katmandu', 'Etc/GMT+1'],
  ])('takes the zone %s', (zone) => {
    const value = { ...good, community: { ...good.community, zone } };
    expect(parseSiteConfig(value).community.zone).toBe(zone);
  });

  it.each([null, [], 'text', 5])('refuses %j', (value) => {
    expect(() => parseSiteConfig(value)).toThrow(expect.objectContaining({ code: 'site.config-invalid' }));
  });
});

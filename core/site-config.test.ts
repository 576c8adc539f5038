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
  it.each([null, [], 'text', 5])('refuses %j', (value) => {
    expect(() => parseSiteConfig(value)).toThrow(expect.objectContaining({ code: 'site.config-invalid' }));
  });
});

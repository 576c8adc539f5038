/** `commonworks edge ...`: check a configuration, read every device once, write the pages of the device profiles. */
import { writeFileSync } from 'node:fs';
import { readOnce } from '@commonworks/edge/check/read-once.ts';
import { loadEdgeConfig } from '@commonworks/edge/config/load.ts';
import { EdgeConfig } from '@commonworks/edge/config/schema.ts';
import { listProfiles, loadProfile, profilePath } from '@commonworks/edge/profile/load.ts';
import { profileReadme } from '@commonworks/edge/profile/readme.ts';
import { Profile } from '@commonworks/edge/profile/schema.ts';
import { Argument, type Command } from 'commander';

type EdgeOptions = { config: string; json?: boolean };

const print = (text: string): void => void process.stdout.write(`${text}\n`);

export function register(program: Command): void {
  const edge = program.command('edge').description('the agent that reads devices: its configuration and profiles');
  edge
    .command('check')
    .description('check a configuration; every fault is shown')
    .requiredOption('--config <file>', "the edge's YAML file")
    .option('--json', 'print the result as JSON')
    .action(check);
  edge
    .command('test')
    .description('read every device once and say in words how it went')
    .requiredOption('--config <file>', "the edge's YAML file")
    .option('--json', 'print one JSON object a device')
    .action(test);
  edge
    .command('schema')
    .description('print a JSON Schema, for editors')
    .addArgument(new Argument('<what>').choices(['config', 'profile']))
    .action((what: string) => print(JSON.stringify(what === 'config' ? EdgeConfig : Profile, null, 2)));
  edge.command('docs').description("write each device profile's README").action(docs);
}

/** Throws the coded error with all faults; the caller prints it and ends with 1. */
function check(options: EdgeOptions): void {
  const { config } = loadEdgeConfig(options.config);
  const buses = config.buses ?? [];
  const counts = {
    buses: buses.length,
    devices: buses.flatMap((bus) => bus.devices).length + (config.p1 ?? []).length,
    machines: (config.machines ?? []).length,
    readers: (config.readers ?? []).length,
  };
  if (options.json === true) {
    print(JSON.stringify({ ok: true, ...counts }));
    return;
  }
  print(
    `${options.config} is right: ${Object.entries(counts)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ')}`,
  );
}

async function test(options: EdgeOptions): Promise<void> {
  const loaded = loadEdgeConfig(options.config);
  let failed = 0;
  for await (const report of readOnce(loaded, Date.now)) {
    if (!report.isGood) failed += 1;
    if (options.json === true) {
      print(JSON.stringify(report));
      continue;
    }
    print(
      `${report.device} (${report.title}, ${report.profile}): ${report.isGood ? 'answers' : `FAILS, ${report.code}`}`,
    );
    for (const line of report.lines) print(`  ${line}`);
  }
  if (failed === 0) return;
  if (options.json !== true) print(`\n${failed} of the devices cannot be read`);
  process.exitCode = 1;
}

function docs(): void {
  for (const name of listProfiles()) {
    writeFileSync(profilePath(name).replace('profile.yaml', 'README.md'), profileReadme(loadProfile(name)));
    print(`wrote edge/devices/${name}/README.md`);
  }
}

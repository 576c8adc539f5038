/** `commonworks container ...`: what docker-compose.yml calls; on a bare machine use `run` or `demo run`. */
import { Argument, type Command } from 'commander';
import { clockAddress, containerProcess, isWell, PROCESS_NAMES, type ProcessName } from '../container/processes.ts';
import { setUpSite } from '../container/set-up-site.ts';
import { runEntry } from '../supervisor/run-entry.ts';

type Options = { site: string };

export function register(program: Command): void {
  const container = program.command('container').description('the steps of docker-compose.yml');
  const nameOf = () => new Argument('<process>', 'which process').choices(PROCESS_NAMES);
  container
    .command('setup')
    .description('make the demo site when the folder is empty, and tell the site about InfluxDB')
    .option('--site <dir>', "the site's folder", '/site')
    .action(async ({ site }: Options) => {
      const outcome = await setUpSite(site, process.env);
      process.stdout.write(outcome === 'made' ? `made a demo site in ${site}\n` : `kept the site in ${site}\n`);
    });
  container
    .command('start')
    .description('run one process in the foreground')
    .addArgument(nameOf())
    .option('--site <dir>', "the site's folder", '/site')
    .action(async (name: ProcessName, { site }: Options) => {
      const clock = clockAddress(name, site);
      const { entry, args } = containerProcess(name, site);
      process.exitCode = await runEntry(entry, args, clock === null ? {} : { COMMONWORKS_CLOCK: clock });
    });
  container
    .command('health')
    .description('exit code 0 when the process is well, else 1')
    .addArgument(nameOf())
    .option('--site <dir>', "the site's folder", '/site')
    .action(async (name: ProcessName, { site }: Options) => {
      process.exitCode = (await isWell(name, site)) ? 0 : 1;
    });
}

/** Laws are tried on the same random cases in every `npm test`; `npm run test:long` draws new ones. `PROPERTY_SEED` repeats a run. */
import fc from 'fast-check';
import { seedOf } from './seed.ts';

fc.configureGlobal({ seed: seedOf('PROPERTY_SEED') });

/** Which of a producer's two columns holds the generation: the larger one, throughout a source system. */
import type { Column, EdaInterval, EdaSource } from './eda-report.ts';

type Titled = { readonly surplusTitled: Column; readonly totalTitled: Column };
type Placed = { readonly generated: Column; readonly surplus: Column };

/**
 * One system writes the generation under "Gesamte gemeinschaftliche Erzeugung" and the surplus under
 * "Gesamt/Überschusserzeugung, Gemeinschaftsüberschuss"; another writes them the other way round. Surplus never
 * exceeds generation, so per source the column that is the larger one in more lines is the generation.
 */
export function placeGeneration(
  producers: readonly Titled[],
  rows: { intervals: readonly EdaInterval[]; sources: readonly EdaSource[] },
): { producers: Placed[]; sources: EdaSource[] } {
  const balance = rows.sources.map(() => 0);
  for (const { surplusTitled, totalTitled } of producers) {
    for (const [i, { source }] of rows.intervals.entries()) {
      balance[source] = (balance[source] ?? 0) + Math.sign((totalTitled[i] ?? 0) - (surplusTitled[i] ?? 0));
    }
  }
  const sources = rows.sources.map(
    (source, s): EdaSource => ({
      ...source,
      generationIn: (balance[s] ?? 0) < 0 ? 'surplus' : 'total',
    }),
  );
  const pick = (producer: Titled, wanted: 'total' | 'surplus'): Column =>
    rows.intervals.map(({ source }, i) => {
      const isTotal = sources[source]?.generationIn === wanted;
      return (isTotal ? producer.totalTitled[i] : producer.surplusTitled[i]) ?? null;
    });
  return {
    producers: producers.map((producer) => ({
      generated: pick(producer, 'total'),
      surplus: pick(producer, 'surplus'),
    })),
    sources,
  };
}

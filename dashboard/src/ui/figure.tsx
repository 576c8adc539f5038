/** A number with its unit: the unit smaller and lighter. */
import { type Figure as FigureValue, UNIT_SPACE } from '../format/format.ts';

export function Figure({ figure, size }: { figure: FigureValue; size?: 'big' | 'huge' }) {
  return (
    <span class={size === undefined ? 'figure' : `figure is-${size}`}>
      {figure.value}
      <span class="unit">{figure.unit}</span>
    </span>
  );
}

export type AnswerProps = {
  readonly sentence: string;
  /** The number in the sentence, written there as `value unit` with an unbreakable space. */
  readonly figure?: FigureValue;
  /** The same for a number without a unit, such as an amount of money. */
  readonly mark?: string;
};

/** One sentence with its number set large. */
export function Answer({ sentence, figure, mark }: AnswerProps) {
  const [value, unit] = figure === undefined ? [mark ?? '', ''] : [figure.value, figure.unit];
  const whole = unit === '' ? value : `${value}${UNIT_SPACE}${unit}`;
  const at = whole === '' ? -1 : sentence.indexOf(whole);
  if (at < 0) return <h1 class="answer">{sentence}</h1>;
  return (
    <h1 class="answer">
      {sentence.slice(0, at)}
      <b>
        {value}
        {unit !== '' && (
          <span class="unit">
            {UNIT_SPACE}
            {unit}
          </span>
        )}
      </b>
      {sentence.slice(at + whole.length)}
    </h1>
  );
}

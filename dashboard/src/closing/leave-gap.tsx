/** A treasurer leaves a gap as it is, with a reason, so that the month may close; or takes that back. */
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import type { RegisterProps } from './month-quality.tsx';
import { ReasonForm } from './reason-form.tsx';
import { registerName } from './register-words.ts';

export function LeaveGap({ register, month, onChanged }: RegisterProps) {
  const { api, announce } = useApp();
  const isOpen = register.open.length > 0;
  const standing = [...new Set(register.decisions.map(({ matter }) => matter))].filter(
    (matter) => register.decisions.findLast((one) => one.matter === matter)?.isAccepted,
  );
  const matters = isOpen ? register.open : standing;
  if (matters.length === 0) return null;
  const decide = async (reason: string) => {
    const { point, register: name } = register;
    await api.decideGap(month, { point, register: name, matters: [...matters], isAccepted: isOpen, reason });
    announce(text.closing.left(registerName(register)));
    onChanged();
  };
  return (
    <ReasonForm
      title={isOpen ? text.closing.leave : text.closing.takeBack}
      {...(isOpen ? { help: text.closing.leaveHelp } : {})}
      submit={isOpen ? text.closing.leaveDo : text.closing.takeBack}
      decide={decide}
    />
  );
}

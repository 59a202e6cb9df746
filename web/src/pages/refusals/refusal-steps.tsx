import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { CheckmarkCircleRegular } from '@fluentui/react-icons/svg/checkmark-circle';
import { ErrorCircleFilled } from '@fluentui/react-icons/svg/error-circle';
import type { Refusal } from '../../api/contract.ts';

const useStyles = makeStyles({
  steps: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column' },
  step: { display: 'flex', gap: '10px', position: 'relative', paddingBottom: '12px', minWidth: 0 },
  icon: { fontSize: '18px', flexShrink: 0, lineHeight: 0, paddingTop: '1px' },
  passed: { color: tokens.colorStatusSuccessForeground1 },
  failed: { color: tokens.colorStatusDangerForeground1 },
  text: { minWidth: 0, overflowWrap: 'anywhere' },
  detail: { color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
});

/** What was checked, in order, up to the rule that failed. */
export function RefusalSteps({ trace }: Pick<Refusal, 'trace'>) {
  const styles = useStyles();
  return (
    <ol className={styles.steps} aria-label="What was checked">
      {trace.map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a trace never changes and may name a check twice
        <li key={index} className={styles.step}>
          <span className={mergeClasses(styles.icon, step.passed ? styles.passed : styles.failed)} aria-hidden>
            {step.passed ? <CheckmarkCircleRegular /> : <ErrorCircleFilled />}
          </span>
          <span className={styles.text}>
            {step.check}: {step.passed ? 'passed' : 'failed'}
            {step.detail && <div className={styles.detail}>{step.detail}</div>}
          </span>
        </li>
      ))}
    </ol>
  );
}

import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  mergeClasses,
  tokens,
} from '@fluentui/react-components';
import { CheckmarkCircleRegular } from '@fluentui/react-icons/svg/checkmark-circle';
import { ErrorCircleFilled } from '@fluentui/react-icons/svg/error-circle';
import { ShieldCheckmarkRegular } from '@fluentui/react-icons/svg/shield-checkmark';
import type { Refusal } from '../../api/contract.ts';
import type { useRefusals } from '../../api/refusals.ts';
import { CodeText } from '../../components/code-text.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Facts } from '../../components/facts.tsx';
import { Loading } from '../../components/loading.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { TableFrame } from '../../components/table-frame.tsx';

const useStyles = makeStyles({
  head: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: '12px',
    rowGap: '2px',
    alignItems: 'baseline',
    padding: '8px 0',
    minWidth: 0,
  },
  reason: { fontWeight: tokens.fontWeightSemibold },
  quiet: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere', textAlign: 'left' },
  body: { display: 'flex', flexDirection: 'column', gap: '16px', padding: '0 8px 16px' },
  steps: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column' },
  step: { display: 'flex', gap: '10px', position: 'relative', paddingBottom: '12px' },
  icon: { fontSize: '18px', flexShrink: 0, lineHeight: 0, paddingTop: '1px' },
  passed: { color: tokens.colorStatusSuccessForeground1 },
  failed: { color: tokens.colorStatusDangerForeground1 },
  detail: { color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  text: { margin: 0, overflowWrap: 'anywhere' },
});

type Props = { refusals: ReturnType<typeof useRefusals>; emptyText: string };

/** Each refusal with the rule that failed, what was checked before it, and what mends it. */
export function RefusalList({ refusals, emptyText }: Props) {
  const styles = useStyles();
  if (refusals.isError && !refusals.data) {
    return (
      <ErrorMessage title="The refusals could not be loaded" error={refusals.error} onRetry={() => void refusals.refetch()} />
    );
  }
  if (!refusals.data) return <Loading />;
  return (
    <TableFrame label="Refusals">
      {refusals.data.length === 0 ? (
        <EmptyState icon={<ShieldCheckmarkRegular />} title="Nothing was refused" command="homeport refusals">
          {emptyText}
        </EmptyState>
      ) : (
        <Accordion collapsible multiple defaultOpenItems={refusals.data.slice(0, 1).map((refusal) => refusal.id)}>
          {refusals.data.map((refusal) => (
            <AccordionItem key={refusal.id} value={refusal.id}>
              <AccordionHeader>
                <span className={styles.head}>
                  <span className={styles.reason}>{refusal.reason}</span>
                  <span className={styles.quiet}>{refusal.subject}</span>
                  <span className={styles.quiet}>
                    {refusal.times === 1 ? 'once' : `${refusal.times} times`}, last <RelativeTime at={refusal.lastAt} />
                  </span>
                </span>
              </AccordionHeader>
              <AccordionPanel>
                <RefusalBody refusal={refusal} />
              </AccordionPanel>
            </AccordionItem>
          ))}
        </Accordion>
      )}
    </TableFrame>
  );
}

function RefusalBody({ refusal }: { refusal: Refusal }) {
  const styles = useStyles();
  return (
    <div className={styles.body}>
      <p className={styles.text}>{refusal.detail}</p>
      {refusal.fix && (
        <MessageBar intent="info" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>What mends it</MessageBarTitle>
            {refusal.fix}
          </MessageBarBody>
        </MessageBar>
      )}
      <ol className={styles.steps} aria-label="What was checked">
        {refusal.trace.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a trace never changes and may name a check twice
          <li key={index} className={styles.step}>
            <span className={mergeClasses(styles.icon, step.passed ? styles.passed : styles.failed)} aria-hidden>
              {step.passed ? <CheckmarkCircleRegular /> : <ErrorCircleFilled />}
            </span>
            <span>
              {step.check}: {step.passed ? 'passed' : 'failed'}
              {step.detail && <div className={styles.detail}>{step.detail}</div>}
            </span>
          </li>
        ))}
      </ol>
      <Facts
        facts={[
          { name: 'Service', value: refusal.service },
          { name: 'Asked by', value: <CodeText text={refusal.peer} /> },
          { name: 'First', value: <RelativeTime at={refusal.firstAt} /> },
          { name: 'Last', value: <RelativeTime at={refusal.lastAt} /> },
          { name: 'Times', value: String(refusal.times) },
        ]}
      />
    </div>
  );
}

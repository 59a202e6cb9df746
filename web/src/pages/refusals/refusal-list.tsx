import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { ShieldCheckmarkRegular } from '@fluentui/react-icons/svg/shield-checkmark';
import type { Refusal } from '../../api/contract.ts';
import type { useRefusals } from '../../api/refusals.ts';
import { CodeText } from '../../components/code-text.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Facts } from '../../components/facts.tsx';
import { Loading } from '../../components/loading.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { paths } from '../../paths.ts';
import { RefusalSteps } from './refusal-steps.tsx';

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
      <RouteLink
        to={paths.refusal(refusal.id)}
        aria-label={`Chain, clock and nearest match: ${refusal.reason}, ${refusal.subject}`}
      >
        Chain, clock and nearest match
      </RouteLink>
      <RefusalSteps trace={refusal.trace} />
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

import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import type { Refusal } from '../../api/contract.ts';
import { useRefusal } from '../../api/refusals.ts';
import { CodeText } from '../../components/code-text.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { paths } from '../../paths.ts';
import { RefusalChain } from './refusal-chain.tsx';
import { RefusalSteps } from './refusal-steps.tsx';
import { clockWords, linkOfMatch, linkOfSubject, serviceWords } from './refusal-words.ts';

const useStyles = makeStyles({
  strip: { padding: '12px 16px', borderRadius: tokens.borderRadiusLarge, backgroundColor: tokens.colorNeutralBackground2 },
  section: { display: 'flex', flexDirection: 'column', gap: '12px', minWidth: 0, maxWidth: '880px' },
  heading: { margin: 0 },
  text: { margin: 0, maxWidth: '72ch', overflowWrap: 'anywhere' },
  body: { overflowWrap: 'anywhere', minWidth: 0, paddingTop: '8px', paddingBottom: '8px' },
  nearest: { margin: 0, paddingLeft: '20px', display: 'flex', flexDirection: 'column', gap: '8px', overflowWrap: 'anywhere' },
});

const crumbs = [{ label: 'Why refused', to: paths.refusals() }];

/** One refusal: the rule that failed, what mends it, what comes nearest, and everything that was looked at. */
export function RefusalPage() {
  const { refusalId = '' } = useParams();
  const refusal = useRefusal(refusalId);
  if (refusal.isError && !refusal.data) {
    return (
      <Page title="Refusal" crumbs={crumbs}>
        <ErrorMessage title="The refusal could not be loaded" error={refusal.error} onRetry={() => void refusal.refetch()} />
      </Page>
    );
  }
  if (!refusal.data) return <Loading />;
  return <LoadedRefusal refusal={refusal.data} />;
}

function LoadedRefusal({ refusal }: { refusal: Refusal }) {
  const styles = useStyles();
  const { reason, subject, means, detail, fix, nearest, chain, trace } = refusal;
  return (
    <Page
      title={subject === '' ? 'Refusal' : subject}
      crumbs={crumbs}
      state={<StateWord tone="bad">{reason}</StateWord>}
      {...(means === undefined ? {} : { intro: means })}
    >
      <div className={styles.strip}>
        <Facts facts={factsOf(refusal)} />
      </div>
      <Section title="Why">
        <p className={styles.text}>{detail}</p>
        {fix && (
          <MessageBar intent="info" layout="multiline">
            <MessageBarBody className={styles.body}>
              <MessageBarTitle>What mends it</MessageBarTitle>
              {fix}
            </MessageBarBody>
          </MessageBar>
        )}
      </Section>
      {nearest && (
        <Section title="What comes nearest">
          {nearest.length === 0 ? (
            <p className={styles.text}>Nothing here is almost what was asked for.</p>
          ) : (
            <ul className={styles.nearest}>
              {nearest.map((match) => (
                <li key={`${match.kind} ${match.name}`}>
                  <Named refusal={refusal} match={match} />: {match.detail}
                </li>
              ))}
            </ul>
          )}
        </Section>
      )}
      {chain.length > 0 && (
        <Section title="The chain">
          <RefusalChain chain={chain} reason={reason} />
        </Section>
      )}
      {trace.length > 0 && (
        <Section title="What was checked">
          <RefusalSteps trace={trace} />
        </Section>
      )}
    </Page>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  const styles = useStyles();
  const id = `refusal-${title.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <section className={styles.section} aria-labelledby={id}>
      <Subtitle2 as="h2" id={id} className={styles.heading}>
        {title}
      </Subtitle2>
      {children}
    </section>
  );
}

function Named({ refusal, match }: { refusal: Refusal; match: NonNullable<Refusal['nearest']>[number] }) {
  const to = linkOfMatch(refusal, match);
  return to === undefined ? <CodeText text={match.name} /> : <RouteLink to={to}>{match.name}</RouteLink>;
}

function factsOf(refusal: Refusal): Fact[] {
  const { id, service, peer, times, firstAt, lastAt } = refusal;
  const [to, clock] = [linkOfSubject(refusal), clockWords(refusal)];
  return [
    { name: 'Refused by', value: serviceWords[service] ?? service },
    { name: 'Asked by', value: <CodeText text={peer} /> },
    { name: 'Times', value: String(times) },
    { name: 'First', value: <RelativeTime at={firstAt} /> },
    { name: 'Last', value: <RelativeTime at={lastAt} /> },
    ...(clock === undefined ? [] : [{ name: 'Clock used', value: clock }]),
    { name: 'ID', value: <CodeText text={id} copyLabel="Copy refusal ID" /> },
    ...(to === undefined ? [] : [{ name: 'About', value: <RouteLink to={to.path}>{to.label}</RouteLink> }]),
  ];
}

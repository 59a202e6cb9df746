import { makeStyles } from '@fluentui/react-components';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import type { Rehearsal } from '../../api/contract.ts';
import { useClock, useRehearsal } from '../../api/time.ts';
import { Choice } from '../../components/choice.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Facts } from '../../components/facts.tsx';
import { Loading } from '../../components/loading.tsx';
import { Page } from '../../components/page.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { paths } from '../../paths.ts';
import { RehearsalEnds } from './rehearsal-ends.tsx';
import { RehearsalLines } from './rehearsal-lines.tsx';
import { aheadChoices, untilOf } from './rehearsal-span.ts';

const useStyles = makeStyles({
  filters: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
});

/** Who will be let in no more, when and why, if nobody does anything. Nothing is moved. */
export function RehearsalPage() {
  const styles = useStyles();
  const [search, setSearch] = useSearchParams();
  const clock = useClock().data;
  const ahead = search.get('ahead') ?? '';
  const reason = search.get('reason') ?? '';
  // To the hour, so that what was asked a moment ago need not be asked again.
  const hour = clock && Math.floor(Date.parse(clock.now) / 3_600_000);
  const until = useMemo(() => (hour === undefined ? undefined : untilOf(ahead, hour * 3_600_000)), [hour, ahead]);
  const set = (name: string) => (value: string) => {
    const next = new URLSearchParams(search);
    if (value === '') next.delete(name);
    else next.set(name, value);
    setSearch(next, { replace: true });
  };
  return (
    <Page
      title="Rehearsal"
      crumbs={[{ label: 'Administration', to: paths.administration() }]}
      intro="Which devices will be let in no more, when and why, if nobody does anything. Each device’s last sign-in is decided again at every instant at which a certificate, a CA, a token or a revocation list ends."
    >
      <div className={styles.filters}>
        <Choice label="Look ahead" all="30 days" value={ahead} options={aheadChoices} onChange={set('ahead')} />
        {until && <ReasonChoice until={until} value={reason} onChange={set('reason')} />}
      </div>
      {until ? <Rehearsed until={until} reason={reason} /> : <Loading />}
    </Page>
  );
}

function ReasonChoice({ until, value, onChange }: { until: string; value: string; onChange: (value: string) => void }) {
  const reasons = [...new Set(useRehearsal(until).data?.drops.map(({ reason }) => reason))].sort();
  if (reasons.length < 2 && value === '') return null;
  return (
    <Choice
      label="Reason"
      all="All reasons"
      value={value}
      options={reasons.map((reason) => ({ id: reason, label: reason }))}
      onChange={onChange}
    />
  );
}

function Rehearsed({ until, reason }: { until: string; reason: string }) {
  const rehearsal = useRehearsal(until);
  if (rehearsal.isError && !rehearsal.data) {
    return (
      <ErrorMessage
        title="The rehearsal could not be worked out"
        error={rehearsal.error}
        onRetry={() => void rehearsal.refetch()}
      />
    );
  }
  if (!rehearsal.data) return <Loading />;
  const { data } = rehearsal;
  const drops = reason === '' ? data.drops : data.drops.filter((drop) => drop.reason === reason);
  return (
    <>
      <Summary rehearsal={data} />
      <RehearsalLines rehearsal={data} drops={drops} />
      {data.ends.length > 0 && <RehearsalEnds ends={data.ends} />}
    </>
  );
}

function Summary({ rehearsal: { counts, unsure } }: { rehearsal: Rehearsal }) {
  return (
    <Facts
      facts={[
        {
          name: 'Drop',
          value: <StateWord tone={counts.drop === 0 ? 'good' : 'bad'}>{devices(counts.drop)}</StateWord>,
        },
        { name: 'Stay', value: devices(counts.stay) },
        ...(counts.out > 0 ? [{ name: 'Let in no more already', value: devices(counts.out) }] : []),
        ...(counts.neverSeen > 0 ? [{ name: 'Never signed in', value: devices(counts.neverSeen) }] : []),
        ...(counts.disabled > 0 ? [{ name: 'Disabled', value: devices(counts.disabled) }] : []),
        ...(unsure.length > 0
          ? [
              {
                name: 'Came once with a short-lived token',
                value: <StateWord tone="warning">{`${devices(unsure.length)}: not known`}</StateWord>,
              },
            ]
          : []),
      ]}
    />
  );
}

function devices(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? 'device' : 'devices'}`;
}

import { Button, Field, Input, makeStyles, SearchBox } from '@fluentui/react-components';
import { FilterDismissRegular } from '@fluentui/react-icons/svg/filter-dismiss';
import { useRef } from 'react';
import type { AuditEntry } from '../../api/contract.ts';
import { useHubs } from '../../api/hubs.ts';
import { Choice } from '../../components/choice.tsx';
import { TextChoice } from '../../components/text-choice.tsx';
import { type AuditFilter, between, instantOf, localField, spans } from './audit-filter.ts';
import { auditServices } from './audit-words.ts';

const useStyles = makeStyles({
  filters: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'flex-start' },
  target: { flex: '1 1 220px', maxWidth: '360px', '@media (max-width: 640px)': { maxWidth: 'none', flexBasis: '100%' } },
  times: { display: 'flex', flexWrap: 'wrap', gap: '12px', flexBasis: '100%' },
});

type Props = {
  filter: AuditFilter;
  entries: readonly AuditEntry[];
  problem: string | undefined;
  onChange: (change: Partial<AuditFilter>) => void;
};

const spanOptions = [...spans, { id: between, label: 'Between two times' }];
const nothing: AuditFilter = { service: '', hub: '', actor: '', target: '', span: '', since: '', until: '', before: '' };

export function AuditFilterRow({ filter, entries, problem, onChange }: Props) {
  const styles = useStyles();
  const hubs = useHubs().data ?? [];
  const { before: _before, ...chosen } = filter;
  const isFiltered = Object.values(chosen).some((value) => value !== '');
  return (
    <search className={styles.filters}>
      <TextChoice
        label="Who"
        all="Anybody"
        value={filter.actor}
        known={useKnownActors(entries)}
        onChange={(actor) => onChange({ actor })}
      />
      <SearchBox
        className={styles.target}
        aria-label="Path"
        placeholder="Path, for instance /devices/pump-1"
        value={filter.target}
        onChange={(_event, data) => onChange({ target: data.value })}
      />
      <Choice
        label="Service"
        all="All services"
        value={filter.service}
        options={auditServices}
        onChange={(service) => onChange({ service })}
      />
      {(hubs.length > 1 || filter.hub !== '') && (
        <Choice
          label="Hub"
          all="All hubs"
          value={filter.hub}
          // One that was deleted has its changes still.
          options={[...new Set([...hubs.map(({ name }) => name), filter.hub])].filter(Boolean).map((id) => ({ id, label: id }))}
          onChange={(hub) => onChange({ hub })}
        />
      )}
      <Choice label="Time" all="Any time" value={filter.span} options={spanOptions} onChange={(span) => onChange({ span })} />
      {isFiltered && (
        <Button appearance="subtle" icon={<FilterDismissRegular />} onClick={() => onChange(nothing)}>
          Clear filter
        </Button>
      )}
      {filter.span === between && (
        <div className={styles.times}>
          <Moment label="From" value={filter.since} onChange={(since) => onChange({ since })} />
          <Moment label="Until" value={filter.until} problem={problem} onChange={(until) => onChange({ until })} />
        </div>
      )}
    </search>
  );
}

type MomentProps = { label: string; value: string; problem?: string | undefined; onChange: (value: string) => void };

function Moment({ label, value, problem, onChange }: MomentProps) {
  return (
    <Field label={label} {...(problem === undefined ? {} : { validationMessage: problem })}>
      <Input
        type="datetime-local"
        // Not controlled: a browser empties such a field while it is only half filled in.
        defaultValue={localField(value)}
        onChange={(_event, data) => onChange(instantOf(data.value))}
      />
    </Field>
  );
}

/** Who was seen since the page was opened: with a filter, nobody else is on it. */
function useKnownActors(entries: readonly AuditEntry[]): string[] {
  const known = useRef(new Set<string>());
  for (const { actor } of entries) known.current.add(actor);
  return [...known.current].sort();
}

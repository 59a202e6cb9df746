import { Button, Dropdown, makeStyles, Option, SearchBox } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons/svg/dismiss';
import { useSearchParams } from 'react-router';
import { useRefusals } from '../../api/refusals.ts';
import { Page } from '../../components/page.tsx';
import { RefusalList } from './refusal-list.tsx';

const useStyles = makeStyles({
  filters: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
  subject: { flex: '1 1 220px', maxWidth: '420px' },
});

const services: readonly { id: string; label: string }[] = [
  { id: '', label: 'All services' },
  { id: 'provisioning', label: 'Provisioning' },
  { id: 'hub', label: 'Hub' },
  { id: 'sphere', label: 'Security service' },
  { id: 'central', label: 'Central' },
];

/** Everybody who was turned away, and why. */
export function RefusalsPage() {
  const styles = useStyles();
  const [search, setSearch] = useSearchParams();
  const service = search.get('service') ?? '';
  const subject = search.get('subject') ?? '';
  const hub = search.get('hub') ?? undefined;
  const group = search.get('group') ?? undefined;
  const refusals = useRefusals({ service: service || undefined, subject: subject || undefined, hub, group });
  function change(name: string, value: string) {
    const next = new URLSearchParams(search);
    if (value === '') next.delete(name);
    else next.set(name, value);
    setSearch(next, { replace: true });
  }
  return (
    <Page
      title="Why refused"
      intro="Sign-ins, registrations, attestations and proofs that were turned away, with the rule that failed and what was checked before it."
    >
      <search className={styles.filters}>
        <SearchBox
          className={styles.subject}
          aria-label="Device ID or certificate"
          placeholder="Device ID or certificate"
          value={subject}
          onChange={(_event, data) => change('subject', data.value)}
        />
        <Dropdown
          aria-label="Service"
          value={services.find((known) => known.id === service)?.label ?? service}
          selectedOptions={[service]}
          onOptionSelect={(_event, data) => change('service', data.optionValue ?? '')}
        >
          {services.map((known) => (
            <Option key={known.id} value={known.id}>
              {known.label}
            </Option>
          ))}
        </Dropdown>
        {hub !== undefined && (
          <Button icon={<DismissRegular />} onClick={() => change('hub', '')}>
            Only the hub {hub}
          </Button>
        )}
        {group !== undefined && (
          <Button icon={<DismissRegular />} onClick={() => change('group', '')}>
            Only the group {group}
          </Button>
        )}
      </search>
      <RefusalList
        refusals={refusals}
        emptyText="Whoever is turned away is listed here with the reason. The command prints the same."
      />
    </Page>
  );
}

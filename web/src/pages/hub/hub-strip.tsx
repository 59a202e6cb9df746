import { Dropdown, makeStyles, Option, tokens } from '@fluentui/react-components';
import { useSearchParams } from 'react-router';
import type { Hub } from '../../api/contract.ts';
import { useHubs } from '../../api/hubs.ts';
import { CodeText } from '../../components/code-text.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { writeFilter } from '../../components/write-filter.ts';

const useStyles = makeStyles({
  strip: { padding: '12px 16px', borderRadius: tokens.borderRadiusLarge, backgroundColor: tokens.colorNeutralBackground2 },
  choice: { minWidth: '160px' },
});

/** `isFixed`: what the page shows is in this hub and in no other. */
type Props = { hub: Hub; isFixed?: boolean; more?: Fact[] };

/** Which hub the page is about, and what its devices dial. */
export function HubStrip({ hub, isFixed = false, more = [] }: Props) {
  const styles = useStyles();
  return (
    <div className={styles.strip}>
      <Facts
        facts={[
          { name: 'Hub', value: isFixed ? hub.name : <HubChoice hub={hub} /> },
          { name: 'Host name', value: <CodeText text={hub.hostName} copyLabel="Copy host name" /> },
          ...more,
        ]}
      />
    </div>
  );
}

/** Of several hubs another can be chosen; the filter goes with the hub it was for. */
function HubChoice({ hub }: { hub: Hub }) {
  const styles = useStyles();
  const hubs = useHubs().data ?? [];
  const [, setSearch] = useSearchParams();
  if (hubs.length < 2) return hub.name;
  return (
    <Dropdown
      className={styles.choice}
      aria-label="Hub"
      value={hub.name}
      selectedOptions={[hub.name]}
      onOptionSelect={(_event, data) => setSearch(writeFilter(new URLSearchParams(), { hub: data.optionValue ?? '' }))}
    >
      {hubs.map(({ name }) => (
        <Option key={name} value={name}>
          {name}
        </Option>
      ))}
    </Dropdown>
  );
}

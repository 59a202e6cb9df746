import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { type KeyboardEvent, useState } from 'react';
import { useNavigate } from 'react-router';
import { useDeviceTemplates } from '../../api/device-templates.ts';
import { useDevices } from '../../api/devices.ts';
import { type Destination, findDestinations } from './destinations.ts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: '4px', maxHeight: '360px', overflowY: 'auto' },
  item: {
    display: 'flex',
    alignItems: 'baseline',
    gap: '8px',
    padding: '6px 8px',
    borderRadius: tokens.borderRadiusMedium,
    cursor: 'pointer',
    minWidth: 0,
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  active: { backgroundColor: tokens.colorNeutralBackground1Selected },
  label: { whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis' },
  detail: {
    color: tokens.colorNeutralForeground3,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    whiteSpace: 'nowrap',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    minWidth: 0,
    flexShrink: 2,
  },
  kind: { marginLeft: 'auto', color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, flexShrink: 0 },
  none: { padding: '8px', color: tokens.colorNeutralForeground3 },
});

/** The state of a search: hits, which one is active, and the keys that move and open. */
export function useFind(withPages: boolean, onOpened: () => void) {
  const [text, setTextOnly] = useState('');
  const [active, setActive] = useState(0);
  const navigate = useNavigate();
  const devices = useDevices().data ?? [];
  const templates = useDeviceTemplates().data ?? [];
  const hits = findDestinations(text, { devices, templates, withPages });
  function open(hit: Destination) {
    setTextOnly('');
    onOpened();
    void navigate(hit.to);
  }
  return {
    text,
    hits,
    active,
    open,
    setText(next: string) {
      setTextOnly(next);
      setActive(0);
    },
    onKeyDown(event: KeyboardEvent) {
      const hit = hits[active];
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        const step = event.key === 'ArrowDown' ? 1 : -1;
        if (hits.length > 0) setActive((active + step + hits.length) % hits.length);
        event.preventDefault();
      } else if (event.key === 'Enter' && hit) {
        open(hit);
        event.preventDefault();
      }
    },
  };
}

export type Find = ReturnType<typeof useFind>;

/** The hits of a search, as the list of a combobox whose input keeps the focus. */
export function FindList({ id, find }: { id: string; find: Find }) {
  const styles = useStyles();
  if (find.hits.length === 0) {
    return find.text.trim() === '' ? null : (
      <div id={id} role="status" className={styles.none}>
        Nothing is called so
      </div>
    );
  }
  return (
    <div id={id} role="listbox" aria-label="Found" className={styles.list}>
      {find.hits.map((hit, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the input's, which keeps the focus
        <div
          key={hit.to}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === find.active}
          className={mergeClasses(styles.item, index === find.active && styles.active)}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => find.open(hit)}
        >
          <span className={styles.label}>{hit.label}</span>
          {hit.detail && hit.detail !== hit.label && <span className={styles.detail}>{hit.detail}</span>}
          <span className={styles.kind}>{hit.kind}</span>
        </div>
      ))}
    </div>
  );
}

/** What ties an input to its list for assistive technology. */
export function comboboxProps(id: string, find: Find, isOpen: boolean) {
  const isListed = isOpen && find.hits.length > 0;
  return {
    role: 'combobox',
    'aria-autocomplete': 'list',
    'aria-expanded': isListed,
    ...(isListed ? { 'aria-controls': id, 'aria-activedescendant': `${id}-${find.active}` } : {}),
  } as const;
}

import { makeStyles, Tab, TabList, tokens } from '@fluentui/react-components';
import { type KeyboardEvent, useEffect, useRef } from 'react';

const canvas = tokens.colorNeutralBackground1;
const shade = tokens.colorNeutralShadowAmbient;

const useStyles = makeStyles({
  tabs: {
    margin: '0 -8px',
    overflowX: 'auto',
    overflowY: 'hidden',
    flexShrink: 0,
    // A shade at the edge behind which there are more tabs: what covers it moves with them, and uncovers it.
    backgroundImage: [
      `linear-gradient(to right, ${canvas} 30%, transparent)`,
      `linear-gradient(to left, ${canvas} 30%, transparent)`,
      `linear-gradient(to right, ${shade}, transparent)`,
      `linear-gradient(to left, ${shade}, transparent)`,
    ].join(', '),
    backgroundPosition: 'left, right, left, right',
    backgroundSize: '48px 100%, 48px 100%, 20px 100%, 20px 100%',
    backgroundAttachment: 'local, local, scroll, scroll',
    backgroundRepeat: 'no-repeat',
  },
});

export type TabEntry<Id extends string> = { id: Id; label: string };

type Props<Id extends string> = { label: string; tabs: readonly TabEntry<Id>[]; selected: Id; onSelect: (id: Id) => void };

/**
 * Tabs with one stop in the tab order; the arrow keys move among them. Fluent's own arrow keys come
 * with hidden focus catchers that accessibility checkers object to, so they are switched off.
 */
export function TabBar<Id extends string>({ label, tabs, selected, onSelect }: Props<Id>) {
  const styles = useStyles();
  const frame = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another selection may be out of sight
  useEffect(() => {
    frame.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [selected]);

  function onKeyDown(event: KeyboardEvent) {
    const buttons = [...(frame.current?.querySelectorAll<HTMLElement>('[role="tab"]') ?? [])];
    const index = buttons.findIndex((button) => button.matches(':focus'));
    const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (index === -1 || next === undefined) return;
    buttons.at(next % buttons.length)?.focus();
    event.preventDefault();
  }

  return (
    <div ref={frame}>
      <TabList
        className={styles.tabs}
        data-tabster={undefined}
        aria-label={label}
        selectedValue={selected}
        onKeyDown={onKeyDown}
        onTabSelect={(_event, data) => {
          const tab = tabs.find((known) => known.id === data.value);
          if (tab) onSelect(tab.id);
        }}
      >
        {tabs.map((tab) => (
          <Tab key={tab.id} value={tab.id} tabIndex={tab.id === selected ? 0 : -1}>
            {tab.label}
          </Tab>
        ))}
      </TabList>
    </div>
  );
}

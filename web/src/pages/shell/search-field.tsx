import { makeStyles, SearchBox, tokens } from '@fluentui/react-components';
import { useEffect, useId, useRef, useState } from 'react';
import { comboboxProps, FindList, useFind } from './find-list.tsx';

const useStyles = makeStyles({
  frame: { position: 'relative', width: '100%', maxWidth: '420px' },
  box: { width: '100%', maxWidth: 'none' },
  popup: {
    position: 'absolute',
    top: 'calc(100% + 4px)',
    left: 0,
    right: 0,
    zIndex: 20,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow16,
  },
});

/** Finds devices and templates by name or id, and pages by any of their names. `/` goes here. */
export function SearchField() {
  const styles = useStyles();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [isOpen, setOpen] = useState(false);
  const find = useFind(false, () => {
    setOpen(false);
    input.current?.blur();
  });
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const isShown = isOpen && find.text.trim() !== '';
  return (
    <div className={styles.frame}>
      <SearchBox
        className={styles.box}
        input={{ ref: input, ...comboboxProps(id, find, isShown) }}
        aria-label="Search devices and templates"
        placeholder="Search devices and templates  ( / )"
        value={find.text}
        onChange={(_event, data) => {
          find.setText(data.value);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            find.setText('');
            setOpen(false);
          } else find.onKeyDown(event);
        }}
      />
      {isShown && (
        <div className={styles.popup}>
          <FindList id={id} find={find} />
        </div>
      )}
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

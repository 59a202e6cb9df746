import {
  Button,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  Tooltip,
  tokens,
} from '@fluentui/react-components';
import { NavigationRegular } from '@fluentui/react-icons/svg/navigation';
import { PersonRegular } from '@fluentui/react-icons/svg/person';
import { SearchRegular } from '@fluentui/react-icons/svg/search';
import { SettingsRegular } from '@fluentui/react-icons/svg/settings';
import { useNavigate } from 'react-router';
import { useLiveInterrupted } from '../../api/live-events.ts';
import { useSession, useSignOut } from '../../api/session.ts';
import { StateWord } from '../../components/state-word.tsx';
import { paths } from '../../paths.ts';
import { setThemeChoice, type ThemeChoice, useThemeChoice } from '../../theme/theme-choice.ts';
import { SearchField } from './search-field.tsx';

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    height: '48px',
    padding: '0 8px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  name: {
    display: 'flex',
    alignItems: 'center',
    gap: '8px',
    fontWeight: tokens.fontWeightSemibold,
    whiteSpace: 'nowrap',
    minWidth: 0,
  },
  nameText: { overflow: 'hidden', textOverflow: 'ellipsis' },
  mark: { width: '22px', height: '22px', flexShrink: 0 },
  search: {
    flexGrow: 1,
    display: 'flex',
    justifyContent: 'center',
    minWidth: 0,
    '@media (max-width: 640px)': { display: 'none' },
  },
  end: { display: 'flex', alignItems: 'center', gap: '4px', marginLeft: 'auto' },
  narrowOnly: { display: 'none', '@media (max-width: 640px)': { display: 'inline-flex' } },
  live: { fontSize: tokens.fontSizeBase200, paddingRight: '8px' },
});

type Props = { isPaneOpen: boolean; onTogglePane: () => void; onPalette: () => void };

export function TopBar({ isPaneOpen, onTogglePane, onPalette }: Props) {
  const styles = useStyles();
  const session = useSession().data;
  const isInterrupted = useLiveInterrupted();
  return (
    <header className={styles.bar}>
      <Tooltip content="Toggle navigation" relationship="label">
        <Button
          appearance="subtle"
          icon={<NavigationRegular />}
          aria-label="Toggle navigation"
          aria-expanded={isPaneOpen}
          onClick={onTogglePane}
        />
      </Tooltip>
      <div className={styles.name}>
        <img className={styles.mark} src="/homeport.svg" alt="" />
        <span className={styles.nameText}>{session?.application.name ?? 'Homeport'}</span>
      </div>
      <div className={styles.search}>
        <SearchField />
      </div>
      <div className={styles.end}>
        {isInterrupted && (
          <span className={styles.live} role="status">
            <StateWord tone="warning">Reconnecting</StateWord>
          </span>
        )}
        <Button
          className={styles.narrowOnly}
          appearance="subtle"
          icon={<SearchRegular />}
          aria-label="Search"
          onClick={onPalette}
        />
        <SettingsMenu onPalette={onPalette} />
        <AccountMenu />
      </div>
    </header>
  );
}

function SettingsMenu({ onPalette }: { onPalette: () => void }) {
  const choice = useThemeChoice();
  return (
    <Menu
      checkedValues={{ theme: [choice] }}
      onCheckedValueChange={(_event, data) => {
        const next = themeChoices.find((item) => item.value === data.checkedItems[0]);
        if (next) setThemeChoice(next.value);
      }}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<SettingsRegular />} aria-label="Settings" title="Settings" />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>Theme</MenuGroupHeader>
            {themeChoices.map((item) => (
              <MenuItemRadio key={item.value} name="theme" value={item.value}>
                {item.label}
              </MenuItemRadio>
            ))}
          </MenuGroup>
          <MenuDivider />
          <MenuItem secondaryContent="Ctrl K" onClick={onPalette}>
            Command palette
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

const themeChoices: readonly { value: ThemeChoice; label: string }[] = [
  { value: 'system', label: 'Same as system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
  { value: 'contrast', label: 'High contrast' },
];

function AccountMenu() {
  const session = useSession().data;
  const signOut = useSignOut();
  const navigate = useNavigate();
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<PersonRegular />} aria-label="Account" title="Account" />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>{session?.displayName ?? 'Account'}</MenuGroupHeader>
            <MenuItem onClick={() => signOut.mutate(undefined, { onSuccess: () => navigate(paths.signIn(), { replace: true }) })}>
              Sign out
            </MenuItem>
          </MenuGroup>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

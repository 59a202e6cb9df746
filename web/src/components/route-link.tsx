import { Button, type ButtonProps, Link } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { useHref, useLinkClickHandler } from 'react-router';

type Props = { to: string; children: ReactNode; className?: string; 'aria-label'?: string };

/** A Fluent link that the router follows without loading the page. */
export function RouteLink({ to, children, ...rest }: Props) {
  const href = useHref(to);
  const onClick = useLinkClickHandler<HTMLAnchorElement>(to);
  return (
    <Link href={href} onClick={onClick} {...rest}>
      {children}
    </Link>
  );
}

type RouteButtonProps = { to: string; children: ReactNode } & Pick<ButtonProps, 'appearance' | 'size'> & {
    icon?: React.JSX.Element;
    'aria-label'?: string;
  };

/** A link that looks like a button. */
export function RouteButton({ to, ...rest }: RouteButtonProps) {
  const href = useHref(to);
  const onClick = useLinkClickHandler<HTMLAnchorElement>(to);
  return <Button as="a" href={href} onClick={onClick} {...rest} />;
}

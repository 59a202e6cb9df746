import { type RefObject, useEffect, useState } from 'react';
import { type RowWindow, rowWindow } from './row-window.ts';

const virtualAbove = 200;

/** Draws only what is in view once a list is long; short lists are drawn whole, so that find-in-page works. */
export function useRowWindow(scroller: RefObject<HTMLElement | null>, count: number, rowHeight: number): RowWindow {
  const [view, setView] = useState({ scrollTop: 0, viewHeight: 800 });
  const isVirtual = count > virtualAbove;
  useEffect(() => {
    const element = scroller.current;
    if (!element || !isVirtual) return;
    const measure = () => setView({ scrollTop: element.scrollTop, viewHeight: element.clientHeight });
    measure();
    element.addEventListener('scroll', measure, { passive: true });
    window.addEventListener('resize', measure);
    return () => {
      element.removeEventListener('scroll', measure);
      window.removeEventListener('resize', measure);
    };
  }, [scroller, isVirtual]);
  return isVirtual ? rowWindow({ ...view, rowHeight, count, extra: 10 }) : { start: 0, end: count, before: 0, after: 0 };
}

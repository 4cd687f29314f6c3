// What the two pages say to each other. They have one origin, so each calls the other directly: the
// outer page asks the panes what they hold, a pane tells the outer page which airport was chosen.

export interface PaneReport {
  state: string;
  held: number;
  wrong: number;
  sum: number;
  resets: number;
}

/** What a pane offers on its window. */
export interface PaneFace {
  report(): PaneReport;
  choose(airport: string): void;
  /** How many rows of each channel the relay has acknowledged to the publisher. */
  publish(acknowledged: number, channels: Record<string, number>): void;
  /** The replay begins anew. */
  forget(): void;
}

export interface PaneWindow extends Window {
  pane?: PaneFace;
}

/** Sent by a pane to its parent when somebody chose an airport there. */
export const chosenEvent = 'airportchosen';
/** Sent by a pane to its parent when its height has changed. */
export const resizedEvent = 'paneresized';

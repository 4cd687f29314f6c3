// What the demo knows of the world, as demo/build.mjs computed it: the airports and where they
// stand on the map, and what the file says each channel must end with.

export interface Station {
  code: string;
  name: string;
  city: string;
  state: string;
  at: [number, number];
  rows: number;
}

export interface World {
  box: { width: number; height: number };
  total: number;
  stations: Station[];
  cities: Record<string, string>;
  outlines: [number, number][][];
  /** For each airport, row by row: the index in the file and the row's fingerprint. */
  expected: Record<string, number[]>;
}

export interface Config {
  control: string;
  panes: Record<string, string>;
}

async function load<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}

export const loadWorld = () => load<World>('world.json');
export const loadConfig = () => load<Config>('config.json');

// The buttons' other end: the supervisor's control server.

export interface PublishedStatus {
  emitted: number;
  acknowledged: number;
  confirmed: number;
  rate: number | null;
  replays: number;
  trouble: string | null;
  date: string;
  done: boolean;
  channels: Record<string, number>;
}

export interface DemoStatus {
  published: PublishedStatus | null;
  relay: { pid: number | null; restarts: number; restarting: boolean };
  networks: Record<string, { offline: boolean }>;
}

export class Control {
  constructor(private readonly url: string) {}

  async status(): Promise<DemoStatus> {
    return (await (await fetch(`${this.url}/status`)).json()) as DemoStatus;
  }

  async command(path: string, query: Record<string, string> = {}): Promise<void> {
    const response = await fetch(`${this.url}/${path}?${new URLSearchParams(query)}`, {
      method: 'POST',
    });
    if (!response.ok) throw new Error(((await response.json()) as { error: string }).error);
  }
}

// Remembers which event ids one listener on several channels has been given. The window is the
// core's and begins anew with each session of the core.
//
// How many there may be is counted here, too: the core may not be there yet when the one too many
// is asked for. Should the core have no window all the same, the listener is given everything: an
// event twice is less harm than one that is lost.
import { ErrorCode } from './codes.js';
import type { Driver } from './driver.js';
import { TidegateError } from './errors.js';

/** The core's twin is limits::listeners_per_client_max. */
export const LISTENERS_MAX = 1024;

export class ListenerWindow {
  /** 0: the core has none for it. */
  private id = 0;
  private session = 0;

  /** Throws where `all` of this client are as many as there may be. */
  constructor(
    private readonly driver: Driver,
    private readonly all: Set<ListenerWindow>,
  ) {
    if (all.size >= LISTENERS_MAX) {
      throw new TidegateError(
        ErrorCode.limit_exceeded,
        'over listeners_per_client_max: stop listeners no longer needed',
      );
    }
    all.add(this);
  }

  /** False when this event id has been here before. */
  admit(eventId: Uint8Array): boolean {
    if (eventId.byteLength === 0) return true;
    const { driver } = this;
    if (this.session !== driver.sessionCount) {
      this.id =
        driver.run((_, session) => {
          const id = session.addListener();
          session.takeRefusal();
          return id;
        }) ?? 0;
      this.session = driver.sessionCount;
    }
    return this.id === 0 || driver.admit(this.id, eventId);
  }

  remove(): void {
    this.all.delete(this);
    if (this.session !== this.driver.sessionCount || this.id === 0) return;
    this.driver.run((_, session) => session.removeListener(this.id));
    this.id = 0;
  }
}

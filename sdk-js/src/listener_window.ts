// Remembers which event ids one listener on several channels has been given. The window is the
// core's and begins anew with each session of the core.
import type { Driver } from './driver.js';

export class ListenerWindow {
  private id = 0;
  private session = 0;

  constructor(private readonly driver: Driver) {}

  /** False when this event id has been here before. */
  admit(eventId: Uint8Array): boolean {
    if (eventId.byteLength === 0) return true;
    if (this.session !== this.driver.sessionCount) {
      this.session = this.driver.sessionCount;
      this.id = this.driver.command((_, session) => session.addListener()) ?? 0;
    }
    return this.driver.admit(this.id, eventId);
  }

  remove(): void {
    if (this.session !== this.driver.sessionCount || this.id === 0) return;
    this.driver.run((_, session) => session.removeListener(this.id));
    this.id = 0;
  }
}

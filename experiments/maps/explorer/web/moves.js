// Moving on the map: by dragging, wheel, two fingers, double click and keys.

const CLICK = 5; // CSS pixels by which a pointer may move in a click
const WHEEL = 1 / 300; // levels for a pixel of the wheel
const LINE = 30; // pixels of a line of the wheel
const DURATION = 180; // milliseconds of a step of zooming
const STEP = 80; // CSS pixels of an arrow key
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Moves {
  /** `moved` is called after every move, `clicked` with a point, `over` with the point under the pointer or null. */
  constructor(box, drawing, { moved, clicked, over }) {
    Object.assign(this, { drawing, place: drawing.place, moved, clicked, over, fingers: new Map(), isClick: false });
    box.addEventListener("pointerdown", (event) => this.down(event));
    box.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, (event) => this.up(event));
    box.addEventListener("pointerleave", () => this.over(null));
    box.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    box.addEventListener("dblclick", (event) => this.double(event));
    box.addEventListener("keydown", (event) => this.key(event, box));
  }

  down(event) {
    const point = this.drawing.pointOn(event);
    if (!point || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, point);
    this.isClick = this.fingers.size === 1;
    this.start = point;
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) {
      this.over(this.drawing.pointOn(event));
      return;
    }
    const point = this.drawing.pointOf(event);
    if (Math.hypot(point[0] - this.start[0], point[1] - this.start[1]) > CLICK) this.isClick = false;
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, point);
    if (this.isClick) return;
    if (other) {
      const apart = ([x, y]) => Math.max(Math.hypot(x - other[0], y - other[1]), 1);
      const between = ([x, y]) => [(x + other[0]) / 2, (y + other[1]) / 2];
      this.place.move(between(before), between(point), Math.log2(apart(point) / apart(before)));
    } else {
      this.place.move(before, point);
    }
    this.moved();
  }

  up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.isClick && event.type === "pointerup") this.clicked(this.start);
    else if (this.fingers.size === 0) this.over(this.drawing.pointOn(event));
    this.isClick = false;
  }

  wheel(event) {
    const point = this.drawing.pointOn(event);
    if (!point) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
    this.place.zoomAt(point, Math.max(-1, Math.min(1, -pixels * WHEEL * (event.ctrlKey ? 4 : 1)))); // ctrl: a pinch
    this.moved();
  }

  double(event) {
    const point = this.drawing.pointOn(event);
    if (point) this.zoom(event.shiftKey ? -1 : 1, point);
  }

  key(event, box) {
    if (event.target !== box || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key in ARROWS) {
      const [right, down] = ARROWS[key];
      this.place.move([0, 0], [STEP * right, STEP * down]);
      this.moved();
    } else if (key === "+" || key === "=" || key === "-") this.zoom(key === "-" ? -1 : 1);
    else if (key === "Home") this.all();
    else if (key === "Enter") this.clicked([this.place.width / 2, this.place.height / 2]);
    else return;
    event.preventDefault();
  }

  all() {
    cancelAnimationFrame(this.frame);
    this.place.showAll();
    this.moved();
  }

  /** Zoom by levels around a point, or the middle; in steps, unless the reader wants no motion. */
  zoom(levels, point = [this.place.width / 2, this.place.height / 2]) {
    cancelAnimationFrame(this.frame);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.place.zoomAt(point, levels);
      this.moved();
      return;
    }
    const start = performance.now();
    let done = 0;
    const next = (now) => {
      const share = Math.min(Math.max((now - start) / DURATION, 0), 1);
      this.place.zoomAt(point, levels * (share - done));
      done = share;
      if (done < 1) this.frame = requestAnimationFrame(next);
      this.moved();
    };
    this.frame = requestAnimationFrame(next);
  }
}

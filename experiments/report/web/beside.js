// A second network, pinned beside the one that is chosen: both train in step.

import { create, element } from "./elements.js";
import { Trainer } from "./trainer.js";
import { View } from "./view.js";

const PREFIX = "pinned-";

export class Beside {
  /** Pin what `again` shows, as A; what is chosen next is B. */
  constructor(again) {
    this.again = again;
    this.trainer = new Trainer();
    const own = element("view");
    const copy = own.cloneNode(true);
    for (const each of [copy, ...copy.querySelectorAll("[id]")]) each.id = PREFIX + each.id;
    own.before(copy);
    this.view = new View(this.trainer, PREFIX, again.trainer);
    this.view.showsTest = again.view.showsTest;
    const { subject } = again;
    this.view.load(subject);
    this.trainer.load(subject.data, subject.how, subject.recorded, subject.iterations, subject.recordEvery);
    again.beside = this;
    again.trainer.others = [this.trainer];
    again.trainer.restart();
    element("views").classList.add("two");
    this.title(PREFIX, "A", subject.name);
    this.named();
  }

  /** The name of the network that is chosen now. */
  named() {
    this.title("", "B", this.again.subject.name);
  }

  title(prefix, letter, name) {
    const title = element(`${prefix}view`).querySelector(".view-name");
    title.replaceChildren(create("b", letter), ` ${name}`);
    title.hidden = false;
  }

  draw() {
    this.view.draw();
  }

  drawNumbers() {
    this.view.drawNumbers();
  }

  close() {
    const { again } = this;
    again.beside = null;
    again.trainer.others = [];
    element(`${PREFIX}view`).remove();
    element("view").querySelector(".view-name").hidden = true;
    element("views").classList.remove("two");
  }
}

// The text of a flow's tests: the flow's editor, with the steps of tests to be offered.
import { FlowText } from "./flow_text.js";

const STEP = /^\s*-\s*\{?\s*(\w*)$/;
const VALUE = /^\s*(?:-\s*\{?\s*)?["']?(\w+)["']?:\s+["']?([\w.+-]*)$/;
const SETTING = /^\s{3,}(\w*)$/;

export class TestsText extends FlowText {
  // `written` has `steps` and `settings` ({name, about}), and `values`: what may stand after a name.
  constructor(place, given) {
    super(place, given);
    this.written = given.written;
  }

  completions(context) {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const value = VALUE.exec(before);
    if (value) {
      const values = this.written.values[value[1]];
      if (!values?.length || (!context.explicit && !value[2])) return null;
      return { from: context.pos - value[2].length, options: values.map((label) => ({ label })), validFor: /^[\w.+-]*$/ };
    }
    const found = STEP.exec(before) ?? SETTING.exec(before);
    if (!found || (!context.explicit && !found[1])) return null;
    const names = STEP.test(before) ? this.written.steps : this.written.settings;
    return {
      from: context.pos - found[1].length,
      options: names.map(({ name, about }) => ({ label: name, info: about, apply: `${name}: ` })),
      validFor: /^\w*$/,
    };
  }
}

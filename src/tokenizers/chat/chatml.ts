/**
 * ChatML: each message between `<|im_start|>` and `<|im_end|>`, as Qwen's models and many others were trained. Written
 * here from its description, for checkpoints that bring no template.
 */
export const chatml =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

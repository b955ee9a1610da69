/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The class of an executable by its name: exactly; without its version, as in
 * runc-1.1.5; or by a part of it, as in buildkit-runc or runc.amd64. The parts lie
 * between separators, and each ends at its first digit. collector/argv does the
 * same in Go.
 */
#ifndef NAME_H
#define NAME_H

#include "record.h"

static __always_inline bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

static __always_inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static __always_inline void clear_name(struct name *name)
{
	__builtin_memset(name, 0, sizeof(*name));
	barrier();
}

/* The class of a key of the map, which is zero-padded. */
static __always_inline __u32 class_of_key(struct name *key)
{
	__u32 *class = bpf_map_lookup_elem(&names, key);

	return class ? *class : CLASS_NONE;
}

/* Ends a part of the name. */
static __always_inline void end_part(struct parsed_name *p)
{
	if (class_of_key(&p->part) == CLASS_RUNTIME)
		p->runtime = true;
	if (*(__u64 *)p->part.text == 0x6d696873) /* "shim", in the byte order of all that we are built for */
		p->shim = true;
	clear_name(&p->part);
	p->length = 0;
}

/*
 * The class of the name in a scratch, which is zero-padded; CLASS_NONE if it is not
 * watched. The state of the loop is in memory, so that every iteration looks to the
 * verifier like the one before.
 */
__attribute__((noinline)) __u32 class_of_name(__u32 number)
{
	struct scratch *s = scratch_get(number);
	volatile struct parsed_name *p;
	__u32 class;

	if (!s)
		return CLASS_NONE;
	p = &s->name;
	class = class_of_key((struct name *)&p->whole);
	if (class)
		return class;
	clear_name((struct name *)&p->part);
	clear_name((struct name *)&p->stem);
	p->length = 0;
	p->runtime = p->shim = p->separated = p->numbered = p->versioned = false;
	for (int i = 0; i < NAME_LEN; i++) {
		char c = p->whole.text[i];

		if (!c)
			break;
		if (is_separator(c)) {
			end_part((struct parsed_name *)p);
			p->numbered = false;
		} else if (is_digit(c)) {
			if (p->separated && !p->versioned && i > 1) {
				p->versioned = true;
				p->stem.text[i - 1] = 0;
				barrier();
				class = class_of_key((struct name *)&p->stem);
				if (class)
					return class;
			}
			p->numbered = true;
		} else if (!p->numbered) {
			__u32 at = p->length;

			barrier_var(at);
			p->part.text[at & (NAME_LEN - 1)] = c;
			p->length = at + 1;
		}
		p->separated = is_separator(c);
		p->stem.text[i] = c;
	}
	end_part((struct parsed_name *)p);
	if (!p->runtime)
		return CLASS_NONE;
	return p->shim ? CLASS_SHIM : CLASS_RUNTIME;
}

/* The class of an executable by the name of its file. */
static __always_inline __u32 class_of_file(struct scratch *s, __u32 number, struct file *file)
{
	const unsigned char *from = READ(file, f_path.dentry, d_name.name);

	if (!from)
		return CLASS_NONE;
	clear_name(&s->name.whole);
	/* a name that does not fit is cut to NAME_LEN - 1 characters */
	bpf_probe_read_kernel_str(s->name.whole.text, NAME_LEN, from);
	return class_of_name(number);
}

/* The class of the path at the start of text, of length len, by its last component. */
static __noinline __u32 class_of_path(struct scratch *s, __u32 number, __u64 len)
{
	__u64 from = 0;

	if (!s)
		return CLASS_NONE;
	for (int i = 0; i < NAME_LEN; i++) {
		__u64 at = len - 1 - i;

		if (at >= TEXT_MAX) /* wrapped around: no more characters */
			break;
		if (s->text[at] == '/') {
			from = at + 1;
			break;
		}
		if (i == NAME_LEN - 1)
			return CLASS_NONE; /* longer than any name */
	}
	if (from >= TEXT_MAX)
		return CLASS_NONE;
	clear_name(&s->name.whole);
	bpf_probe_read_kernel_str(s->name.whole.text, NAME_LEN, s->text + from);
	return class_of_name(number);
}

#endif

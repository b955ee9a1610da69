/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What an executed file may be watched by: its name, that of a link to it, or a
 * directory of CNI plugins. It is asked of each exec of the host: few loads
 * decide that a file is none of these.
 */
#ifndef EXECUTABLE_H
#define EXECUTABLE_H

#include "name.h"

/* Eight characters as the number that they are in memory. */
#define CHARACTERS(a, b, c, d, e, f, g, h)                                            \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 |         \
	 (__u64)(e) << 32 | (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

/*
 * Eight characters of a text, of which at least eight bytes are readable. If
 * plain loads can read any address, they read it as a struct that begins with
 * eight bytes.
 */
static __always_inline __u64 eight_characters(const void *text)
{
	struct timespec64 *as_time = (void *)text;
	__u64 characters = 0;

	if (bpf_rdonly_cast)
		characters = CAST(as_time)->tv_sec;
	else
		bpf_probe_read_kernel(&characters, sizeof(characters), text);
	return characters;
}

/*
 * The words of the executed file's name, of which 32 bytes are readable: a dentry holds
 * a shorter name itself, and has as many bytes for a longer one (DNAME_INLINE_LEN,
 * fs/dcache.c). What follows a NUL may be anything.
 */
static __always_inline void file_words(__u64 words[4], struct linux_binprm *bprm)
{
	const unsigned char *name = READ(bprm, file, f_path.dentry, d_name.name);
	struct timespec64 *low = (void *)name, *high = (void *)(name + 16);

	if (bpf_rdonly_cast) {
		words[0] = CAST(low)->tv_sec;
		words[1] = CAST(low)->tv_nsec;
		words[2] = CAST(high)->tv_sec;
		words[3] = CAST(high)->tv_nsec;
	} else {
		bpf_probe_read_kernel(words, 4 * sizeof(words[0]), name);
	}
}

/* Whether the name of the executed file may be watched. */
static __always_inline bool may_match_file(struct linux_binprm *bprm)
{
	__u64 words[4] = {};

	file_words(words, bprm);
	return may_match_name(words[0]) || has_run(words[0], words[1]) || has_run(words[1], words[2]) ||
	       has_run(words[2], words[3]) || has_run(words[3], 0);
}

/*
 * Whether the last component of the executed path may be watched: the kernel has
 * just named the thread after its first 15 characters.
 */
static __always_inline bool may_match_path(struct task_struct *task)
{
	__u64 comm[2];

	READ_COMM(comm, task);
	return may_match_name(comm[0]) || has_run(comm[0], comm[1]) || has_run(comm[1], 0);
}

#define AFTER_TOP 5 /* characters: /opt/, /usr/, /var/ */

/*
 * Whether the executed path is in a directory of CNI plugins: /opt/cni/bin,
 * /usr/lib/cni, /usr/libexec/cni, /var/lib/cni. The path of a script is its
 * own, its file the interpreter's. A path that is shorter than what is read of
 * it lies in memory that is longer (struct filename, fs/namei.c).
 */
static __always_inline bool in_plugin_directory(struct linux_binprm *bprm)
{
	const char *path = READ(bprm, filename) + AFTER_TOP;
	__u64 characters = eight_characters(path);

	if (characters == CHARACTERS('l', 'i', 'b', 'e', 'x', 'e', 'c', '/'))
		characters = eight_characters(path + 4);
	return characters == CHARACTERS('c', 'n', 'i', '/', 'b', 'i', 'n', '/') ||
	       characters == CHARACTERS('l', 'i', 'b', '/', 'c', 'n', 'i', '/') ||
	       characters == CHARACTERS('x', 'e', 'c', '/', 'c', 'n', 'i', '/');
}

/* What the executed file may be watched by. */
struct exec_filter {
	bool by_path;   /* the last component of its path */
	bool by_file;   /* its name */
	bool by_directory;
};

/* The class of an executed file, of which the path is the text so far; any other goes before CLASS_PLUGIN. */
static __always_inline __u32 class_of_exec(struct scratch *s, __u32 number, struct linux_binprm *bprm,
					   __u64 file_len, const struct exec_filter *may)
{
	__u32 class = may->by_directory ? CLASS_PLUGIN : CLASS_NONE, named;

	if (may->by_file) {
		named = class_of_file(s, number, READ(bprm, file));
		class = named ? named : class;
	}
	if ((!class || class == CLASS_PLUGIN) && may->by_path) {
		named = class_of_path(s, number, file_len);
		class = named ? named : class;
	}
	return class;
}

#endif

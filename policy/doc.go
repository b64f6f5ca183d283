// Package policy says what a command may do, as a value.
//
// A [Policy] holds rules on canonical paths, the network, the destinations
// that may be connected to, and what happens on a violation. Its zero value
// allows nothing. Methods return copies, so that a policy can be shared and
// extended:
//
//	p := policy.ReadOnly().
//		Allow(policy.Write, "/src", "~^/tmp/cc[^/]*$").
//		Deny(policy.Write, "/src/.git").
//		Hide("/home/me/.ssh")
//	if err := p.Err(); err != nil {
//		...
//	}
//
// The package is pure: it opens no file and asks no kernel. Resolving the
// paths of the rules (see [Policy.Resolve]), and putting them into mounts,
// Landlock rules and a filter, is the work of others.
//
// # Paths
//
// A path must be absolute. It is cleaned lexically, as [path.Clean] does, so
// "/tmp/x/" is "/tmp/x", and it means itself and everything below it, by whole
// components: "/tmp/x" is not about "/tmp/xy". It is compared byte for byte: no
// character is special, a "*" is a "*", upper case is not lower case, and two
// ways to write the same letter in Unicode are two names. It need not be UTF-8.
//
// # Regular expressions
//
// A pattern that begins with "~" is a regular expression in the syntax of
// [regexp/syntax], searched in the canonical path. It matches anywhere unless
// it is anchored with ^ and $, and it says nothing about what is below a match
// unless it matches there too. What differs from PCRE, and from what one may
// expect:
//
//   - Lookaround, backreferences, possessive quantifiers, atomic groups, \K,
//     recursion and the like do not exist. They are errors, which name the
//     construct and its offset in bytes from the beginning of the expression,
//     after the "~".
//   - "." matches a newline too, as with (?s): a file name can hold one.
//   - "$" matches at the very end only, not before a last newline.
//   - A byte that is not part of valid UTF-8 is read as the character U+FFFD of
//     width one. So "." and "[^/]" match it and "\x{FFFD}" does, but no
//     expression tells one such byte from another. A path does.
//   - An expression that no canonical path can match, such as "~^src/" or
//     "~^/tmp//x", is an error and not a rule without effect.
//
// An anchored expression costs less and bounds the walls that stand behind it:
// see [Pattern.Literal].
//
// # Deciding
//
// For one kind of access to a canonical path:
//
//  1. If a regular expression that denies or hides matches, it is denied.
//  2. Else, among the paths that carry that access and contain the canonical
//     path, the longest decides; a deny or hide wins over an allow of the same
//     path.
//  3. Else, if a regular expression that allows matches, it is allowed.
//  4. Else it is denied.
//
// The order in which rules were added does not matter. A path that is hidden
// carries every access, and what it hides stays hidden until a longer path is
// allowed in some way. No access implies another.
//
// So a regular expression cannot allow what a path denies, and a path cannot
// allow what a regular expression denies.
//
// # Mistakes
//
// A bad rule is kept as an error and returned by [Policy.Err]. Until it is
// looked at, the policy allows nothing: a policy that lost a rule must not be
// wider than the one that was meant. Deciding is as careful: what does not look
// like a canonical path is denied.
//
// # Text
//
// [Policy.String] and [Parse] turn a policy into text and back, a rule a line.
package policy

// Package idmap reads the id mappings of a user namespace (user_namespaces(7)),
// and tells which ids there are in one.
package idmap

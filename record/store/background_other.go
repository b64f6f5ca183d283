//go:build !linux

package store

func background() {}

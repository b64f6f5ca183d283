package supervisor

import (
	"os"
	"syscall"
)

type answerKind uint8

const (
	answerRefuse answerKind = iota // the zero value refuses
	answerContinue
	answerReturn
	answerFile
	answerNever // the run is being ended: the call stays held until its process is killed
)

// Answer is what becomes of a held call. Its zero value refuses it with EACCES.
type Answer struct {
	kind    answerKind
	errno   syscall.Errno
	value   int64
	file    *os.File
	cloexec bool
	number  int // the descriptor to replace, -1 for the lowest free one
}

// Continue lets the call go on.
func Continue() Answer { return Answer{kind: answerContinue} }

// Refuse makes the call fail; 0 is taken as EACCES.
func Refuse(errno syscall.Errno) Answer { return Answer{errno: errno} }

// Return makes the call return value.
func Return(value int64) Answer { return Answer{kind: answerReturn, value: value} }

// done is the answer to a call that was carried out here: 0 or the errno.
func done(err error) Answer {
	if err == nil {
		return Return(0)
	}
	if errno, ok := err.(syscall.Errno); ok && errno != 0 {
		return Refuse(errno)
	}
	return Refuse(syscall.EIO)
}

// file hands the open file over as the call's result, and closes it here.
func file(f *os.File, cloexec bool) Answer {
	return Answer{kind: answerFile, file: f, cloexec: cloexec, number: -1}
}

func (a Answer) errnoOr(def syscall.Errno) syscall.Errno {
	if a.errno != 0 {
		return a.errno
	}
	return def
}

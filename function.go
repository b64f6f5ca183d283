package catbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
)

// Function is a Go function that runs confined, in a process of its own. Its
// argument and its result travel as JSON.
type Function[A, R any] struct{ name string }

// functions holds the registered functions by name.
var functions = map[string]func(argument []byte) ([]byte, error){}

// functionName is the name (argv[0]) under which a program runs a function of its own.
const functionName = "catbox-function"

// NewFunction registers f under a name. It has to be called before Init, that
// is in the declaration of a package's variable, because the confined process
// is this program started again, and looks the function up by the name. A name
// that is used twice panics.
func NewFunction[A, R any](name string, f func(A) (R, error)) *Function[A, R] {
	if functions[name] != nil {
		panic("catbox: function " + strconv.Quote(name) + " registered twice")
	}
	functions[name] = func(argument []byte) ([]byte, error) {
		var a A
		if err := json.Unmarshal(argument, &a); err != nil {
			return nil, fmt.Errorf("argument of function %s: %w", name, err)
		}
		r, err := f(a)
		if err != nil {
			return nil, err
		}
		return json.Marshal(r)
	}
	return &Function[A, R]{name}
}

// FunctionError is the error or the panic of a function that ran confined.
type FunctionError struct {
	Name    string
	Message string
	// Panic tells that the function panicked; Stack is its stack then.
	Panic bool
	Stack string
}

func (e *FunctionError) Error() string {
	if e.Panic {
		return "function " + e.Name + ": panic: " + e.Message
	}
	return "function " + e.Name + ": " + e.Message
}

// outcome is what the confined process sends back.
type outcome struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error *FunctionError  `json:"error,omitempty"`
}

// Run runs the function with the argument under c, whose Path and Args have to
// be empty; afterwards c.Result says what happened. The error is a
// *FunctionError if the function returned an error or panicked, an *ExitError
// if it ended its process without returning (os.Exit, a signal), or one of
// those of Cmd.Start.
func (f *Function[A, R]) Run(c *Cmd, argument A) (R, error) {
	var value R
	data, err := json.Marshal(argument)
	if err != nil {
		return value, fmt.Errorf("argument of function %s: %w", f.name, err)
	}
	result, err := runFunction(c, f.name, data)
	if err != nil {
		return value, err
	}
	if err := json.Unmarshal(result, &value); err != nil {
		return value, fmt.Errorf("result of function %s: %w", f.name, err)
	}
	return value, nil
}

func runFunction(c *Cmd, name string, argument []byte) ([]byte, error) {
	if c.Path != "" || len(c.Args) > 0 {
		return nil, errors.New("catbox: a function has no Path and no Args")
	}
	in, toFunction, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	fromFunction, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer fromFunction.Close()
	defer toFunction.Close()
	first := 3 + len(c.ExtraFiles)
	c.function, c.Path = true, name
	c.Args = []string{functionName, name, itoa(first)}
	c.ExtraFiles = append(c.ExtraFiles, in, out)
	err = c.Start()
	in.Close()
	out.Close()
	if err != nil {
		return nil, err
	}
	go func() {
		toFunction.Write(argument) // an error shows as the function's
		toFunction.Close()
	}()
	data, readErr := io.ReadAll(fromFunction)
	err = c.Wait()
	return decodeOutcome(name, data, errors.Join(err, readErr), err)
}

func decodeOutcome(name string, data []byte, errs, waitErr error) ([]byte, error) {
	var o outcome
	if len(data) > 0 && json.Unmarshal(data, &o) == nil {
		if o.Error != nil {
			o.Error.Name = name
			return nil, o.Error
		}
		if o.Value != nil && waitErr == nil {
			return o.Value, nil
		}
	}
	if errs != nil {
		return nil, errs
	}
	return nil, &FunctionError{Name: name, Message: "ended without a result"}
}

// callFunction is the confined side: it does not return.
func callFunction(args []string) {
	if len(args) != 3 {
		os.Exit(125)
	}
	first, err := strconv.Atoi(args[2])
	f := functions[args[1]]
	if err != nil || f == nil {
		fmt.Fprintf(os.Stderr, "catbox: function %q is not registered before catbox.Init\n", args[1])
		os.Exit(125)
	}
	in, out := os.NewFile(uintptr(first), "argument"), os.NewFile(uintptr(first+1), "result")
	argument, err := io.ReadAll(in)
	if err != nil {
		os.Exit(125)
	}
	in.Close()
	if err := json.NewEncoder(out).Encode(call(f, argument)); err != nil {
		fmt.Fprintf(os.Stderr, "catbox: result of function %q: %v\n", args[1], err)
		os.Exit(125)
	}
	os.Exit(0)
}

func call(f func([]byte) ([]byte, error), argument []byte) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = outcome{Error: &FunctionError{Message: fmt.Sprint(p), Panic: true, Stack: string(debug.Stack())}}
		}
	}()
	value, err := f(argument)
	if err != nil {
		return outcome{Error: &FunctionError{Message: err.Error()}}
	}
	return outcome{Value: value}
}

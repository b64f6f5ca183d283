package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds what a line makes a Decoder hold. The arguments and the
// environment of a program are at most 6 MiB (execve(2), "Limits on size of
// arguments and environment"), and a byte is at most 6 in JSON.
const maxLine = 64 << 20

// Encoder is a Sink that writes events as JSON lines: each is an object in a
// line of its own, with its Kind as the member "type".
type Encoder struct{ w io.Writer }

// NewEncoder returns an Encoder that writes each line to w at once.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w} }

// Event writes e.
func (enc *Encoder) Event(e Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode an event of type %s: %w", e.Kind(), err)
	}
	_, err = enc.w.Write(append(line, '\n'))
	return err
}

// Decoder reads what an Encoder wrote. It ignores members that it does not
// know, and skips objects of other types, as those that --json-status-fd has.
type Decoder struct {
	r       *bufio.Reader
	line    int
	skipped int
}

// NewDecoder returns a Decoder that reads from r, which it buffers.
func NewDecoder(r io.Reader) *Decoder { return &Decoder{r: bufio.NewReaderSize(r, 1<<16)} }

// Skipped is how many objects of unknown types there were so far.
func (d *Decoder) Skipped() int { return d.skipped }

// Next returns the next event, or io.EOF after the last. Another error names
// the line, and ends the events.
func (d *Decoder) Next() (Event, error) {
	for {
		line, err := d.read()
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e, err := decode(line)
		if err != nil {
			return nil, d.wrap(err)
		}
		if e != nil {
			return e, nil
		}
		d.skipped++
	}
}

func (d *Decoder) wrap(err error) error { return fmt.Errorf("line %d: %w", d.line, err) }

func (d *Decoder) read() ([]byte, error) {
	d.line++
	var long []byte
	for {
		part, err := d.r.ReadSlice('\n')
		switch {
		case len(long)+len(part) > maxLine:
			return nil, d.wrap(fmt.Errorf("longer than %d bytes", maxLine))
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
			continue
		case err == io.EOF && len(long)+len(part) > 0:
			err = nil // the last line without a newline
		}
		if err != nil && err != io.EOF {
			err = d.wrap(err)
		}
		if long != nil {
			part = append(long, part...)
		}
		return part, err
	}
}

// decoders has every kind of event.
var decoders = map[string]func([]byte) (Event, error){
	"start": decodeAs[Start], "process": decodeAs[Process], "image": decodeAs[Image],
	"access": decodeAs[Access], "call": decodeAs[Call], "network": decodeAs[Network], "violation": decodeAs[Violation],
	"blind": decodeAs[Blind], "exit": decodeAs[Exit], "end": decodeAs[End],
}

// decode returns nil for an object of another type.
func decode(line []byte) (Event, error) {
	var object struct {
		Type *string `json:"type"`
	}
	if err := json.Unmarshal(line, &object); err != nil {
		return nil, plainError(err)
	}
	if object.Type == nil {
		return nil, errors.New(`no member "type"`)
	}
	as, known := decoders[*object.Type]
	if !known {
		return nil, nil
	}
	e, err := as(line)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", *object.Type, plainError(err))
	}
	return e, nil
}

func decodeAs[E Event](line []byte) (Event, error) {
	var e E
	err := json.Unmarshal(line, &e)
	return e, err
}

// plainError says what is wrong without the names of Go's types.
func plainError(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return err
	case wrong.Field == "":
		return fmt.Errorf("a JSON %s where an object should be", wrong.Value)
	}
	return fmt.Errorf("member %q: a JSON %s does not fit", wrong.Field, wrong.Value)
}

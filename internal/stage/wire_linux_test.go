package stage

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fill gives every part of v a value, of all that its kind can hold.
func fill(t *rapid.T, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, name))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(rapid.Uint64().Draw(t, name))
	case reflect.String:
		v.SetString(string(rapid.SliceOf(rapid.Byte()).Draw(t, name)))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, name) {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, name, v.Elem())
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(t, name); n >= 0 { // -1: nil, which is not empty
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, name, v.Index(i))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Type().Field(i).Name, v.Field(i))
		}
	default:
		t.Fatalf("%s: nobody has thought of %v", name, v.Type())
	}
}

func decodeMessage(data []byte) (m message, rest []byte, err error) {
	d := decoder{data: data}
	d.decode(reflect.ValueOf(&m).Elem())
	return m, d.data, d.err
}

func TestEveryFieldOfAMessageArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sent message
		fill(t, "message", reflect.ValueOf(&sent).Elem())
		data := encode(nil, reflect.ValueOf(sent))
		got, rest, err := decodeMessage(data)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%v, and %d bytes over", err, len(rest))
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A message that is cut off anywhere is an error: a policy that lost its end
// would be another one.
func TestATruncatedMessageIsAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sent message
		fill(t, "message", reflect.ValueOf(&sent).Elem())
		data := encode(nil, reflect.ValueOf(sent))
		n := rapid.IntRange(0, len(data)-1).Draw(t, "length")
		if m, _, err := decodeMessage(data[:n]); err == nil {
			t.Fatalf("%d of %d bytes are a message: %+v", n, len(data), m)
		}
	})
}

// What the encoding cannot carry would be lost or panic at the first start of a
// command, far from the field that was added.
func TestTheEncodingKnowsEveryKindInAMessage(t *testing.T) {
	for _, bad := range checkType(reflect.TypeFor[message]()) {
		t.Error(bad)
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[struct{ A [2]int }](), reflect.TypeFor[struct{ A map[string]int }](), reflect.TypeFor[struct{ A *any }](),
		reflect.TypeFor[struct{ A []error }](), reflect.TypeFor[struct{ A float64 }](), reflect.TypeFor[struct{ A chan int }](),
		reflect.TypeFor[struct{ a int }](), reflect.TypeFor[struct{ A []struct{} }](),
	} {
		if checkType(typ) == nil {
			t.Errorf("%v would not be noticed", typ)
		}
	}
}

func checkType(typ reflect.Type) (bad []string) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		if typ.Elem().Size() == 0 { // the decoder counts on a byte each
			return []string{typ.String() + " has elements of no size"}
		}
		return checkType(typ.Elem())
	case reflect.Struct:
		for f := range typ.Fields() {
			if !f.IsExported() {
				bad = append(bad, typ.String()+"."+f.Name+" cannot be set")
			}
			for _, b := range checkType(f.Type) {
				bad = append(bad, typ.String()+"."+f.Name+": "+b)
			}
		}
		return bad
	}
	defer func() {
		if recover() != nil {
			bad = []string{typ.String() + " has no encoding"}
		}
	}()
	encode(nil, reflect.Zero(typ))
	return nil
}

func TestALengthBeyondTheMessageIsAnError(t *testing.T) {
	for name, data := range map[string][]byte{
		"string":        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"no number":     {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"one too many":  {3, 'a'},
		"nothing":       {},
		"half a number": {0x80},
	} {
		for _, target := range []any{new(string), new([]string), new([]uint16), new(struct{ A, B string })} {
			d := decoder{data: data}
			d.decode(reflect.ValueOf(target).Elem())
			if d.err == nil {
				t.Errorf("%s: %T became %v", name, target, reflect.ValueOf(target).Elem())
			}
		}
	}
}

// Whatever comes, decoding ends; and what it accepts is a message.
func FuzzDecode(f *testing.F) {
	for _, m := range []message{
		{}, {Hello: true}, {Spec: &Spec{Path: "/bin/sh", Args: []string{"sh", ""}, Env: []string{}}}, {Died: &Death{7, 11}},
		{Failed: &failure{Step: "mount /proc", Errno: 1}}, {Socket: &SocketRequest{2, 1, 6}}, {Ended: &Ended{Leftover: []string{"a\xff"}}},
	} {
		f.Add(encode(nil, reflect.ValueOf(m)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _, err := decodeMessage(data)
		if err != nil {
			return
		}
		again, rest, err := decodeMessage(encode(nil, reflect.ValueOf(m)))
		if err != nil || len(rest) > 0 {
			t.Fatalf("%+v is not read back: %v", m, err)
		}
		if diff := cmp.Diff(m, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

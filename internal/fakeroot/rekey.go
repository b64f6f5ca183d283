package fakeroot

// Rekey gives each entry the inode that is tells of it, if it tells one: a file
// system can show the same files with other numbers than before. What is noted is
// written before what it replaces is taken away.
func (s *State) Rekey(is func(Entry) (ID, bool)) error {
	kept := map[ID]bool{}
	var old []ID
	for _, e := range s.Entries() {
		id, known := is(e)
		if !known || id == e.ID {
			kept[e.ID] = true
			continue
		}
		old = append(old, e.ID)
		e.ID = id
		if err := s.Put(e); err != nil {
			return err
		}
		kept[id] = true
	}
	for _, id := range old {
		if kept[id] {
			continue
		}
		if err := s.Delete(id); err != nil {
			return err
		}
	}
	return nil
}
